// Recognizes bytes that move without growth: when code gets hot, inlining and allocation folding attribute an
// inner function's bytes to the outer one.
import type { Snapshot } from '../../model/snapshot.ts'
import type { ComparedReads, DecisionRule, Verdict } from './rules.ts'
import { ALPHA, equalityTest, type TwoSampleStatistic } from './significance.ts'

/** Largest number of frames between two functions across which bytes can move. */
const REACH = 12
/** A gain and a loss can belong together only if the smaller is at least this fraction of the larger. */
const LEAST_PART = 0.1

/**
 * Largest fraction by which moved bytes may change: the optimizer also changes object sizes (it folds
 * allocations and drops mementos), by 6 % in the two phases of the calibration.
 */
const RESIZED = 0.2

/**
 * Finds, among the significant groups, those that gained what their callers or callees lost. If linked groups
 * did not change together, none of them has grown: not significant, reason `drift`. Otherwise the moved bytes
 * are only noted.
 */
export function findDrift(
  reads: ComparedReads,
  significant: readonly number[],
  decision: DecisionRule,
  sizeDiff: Float64Array,
  verdicts: Verdict[],
): void {
  const links = linksAmong(reads, significant, sizeDiff)
  const seen = new Set<number>()
  for (const start of significant) {
    if (seen.has(start) || !links.has(start)) continue
    const members = [start]
    seen.add(start)
    for (const id of members) {
      for (const other of links.get(id) ?? []) {
        if (seen.has(other)) continue
        seen.add(other)
        members.push(other)
      }
    }
    decide(reads, members, links, decision, sizeDiff, verdicts)
  }
}

/** Decides about one set of groups linked by gains and losses. */
function decide(
  reads: ComparedReads,
  members: readonly number[],
  links: ReadonlyMap<number, ReadonlySet<number>>,
  decision: DecisionRule,
  sizeDiff: Float64Array,
  verdicts: Verdict[],
): void {
  const all = together(members.map(id => decision.sides(id)))
  const gains = members.reduce((sum, id) => sum + Math.max(0, sizeDiff[id]), 0)
  const losses = members.reduce((sum, id) => sum + Math.max(0, -sizeDiff[id]), 0)
  const isChanged = Math.abs(gains - losses) > RESIZED * Math.min(gains, losses) && equalityTest(all) <= ALPHA
  const direction = isChanged ? Math.sign(all.new - all.old) : 0
  for (const id of members) {
    const others = [...(links.get(id) ?? [])].sort((a, b) => Math.abs(sizeDiff[b]) - Math.abs(sizeDiff[a]))
    const there = others.reduce((sum, other) => sum + Math.abs(sizeDiff[other]), 0)
    const bytes = Math.sign(sizeDiff[id]) * Math.min(Math.abs(sizeDiff[id]), there)
    verdicts[id].drift = { bytes, label: reads.grouper.describe(others[0]).label }
    if (Math.sign(sizeDiff[id]) === direction) continue // more than what moved
    verdicts[id].significant = false
    verdicts[id].reason = 'drift'
  }
}

function together(sides: readonly TwoSampleStatistic[]): TwoSampleStatistic {
  const sum = (of: (side: TwoSampleStatistic) => number) => sides.reduce((total, side) => total + of(side), 0)
  return {
    old: sum(s => s.old),
    new: sum(s => s.new),
    oldVariance: sum(s => s.oldVariance),
    newVariance: sum(s => s.newVariance),
    pooled: sum(s => s.pooled),
    samples: sum(s => s.samples),
    interval: sides[0].interval,
  }
}

/** Pairs of significant groups that are caller and callee, one gaining about what the other loses. */
function linksAmong(
  { grouper, now, old }: ComparedReads,
  significant: readonly number[],
  sizeDiff: Float64Array,
): Map<number, Set<number>> {
  const chosen = new Set(significant)
  const links = new Map<number, Set<number>>()
  const link = (a: number, b: number) => {
    const set = links.get(a)
    if (set) set.add(b)
    else links.set(a, new Set([b]))
  }
  const { stacks } = grouper.tables
  const visit = ({ columns: { stack, type, domain } }: Snapshot) => {
    for (let row = 0; row < stack.length; row++) {
      const id = grouper.idOf(stack[row], type[row], domain[row])
      if (!chosen.has(id)) continue
      let s = stacks.parent[stack[row]]
      for (let step = 0; s !== 0 && step < REACH; step++, s = stacks.parent[s]) {
        const other = grouper.idOf(s, type[row], domain[row])
        if (other === id || !chosen.has(other) || !isExchange(sizeDiff[id], sizeDiff[other])) continue
        link(id, other)
        link(other, id)
      }
    }
  }
  for (const snapshot of [...now, ...old]) visit(snapshot)
  return links
}

function isExchange(a: number, b: number): boolean {
  if (a * b >= 0) return false
  const x = Math.abs(a)
  const y = Math.abs(b)
  return Math.min(x, y) >= LEAST_PART * Math.max(x, y)
}
