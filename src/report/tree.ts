// The call tree of `tree`, and its text, table and JSON.
import type { Frame } from '../model/frame.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Tables } from '../model/tables/tables.ts'
import { isStart, lineNotes } from '../statistics/line-notes.ts'
import { bufferHints, emptyNotes } from '../statistics/little.ts'
import { visible } from '../text/escape.ts'
import { hintLine } from '../text/hints.ts'
import { formatCount, formatCounts, formatSize } from '../text/units.ts'
import { cutEnd, largest, shorten } from '../text/width.ts'
import type { Page, Report } from './report.ts'
import { blocksJson, frameJson } from './rows.ts'

/** A report that draws its own table. */
export interface TreeReport extends Report {
  readonly views: readonly TreeView[]
}

/** The trees of snapshots. People see names of several only. */
export function treeReport(views: readonly TreeView[]): TreeReport {
  const shown = views.length > 1 ? views : views.map(view => ({ ...view, title: undefined }))
  return {
    schema: 'tracemalloc.tree/2',
    views: shown,
    document: () => ({ snapshots: views.map(treeJson) }),
    records: () => [],
    notes: views.flatMap(view => view.notes),
    *lines() {
      for (const [i, view] of shown.entries()) {
        if (i > 0) yield ''
        yield* treeLines(view)
      }
    },
    tables: [],
  }
}

/** Bytes and blocks; NaN blocks = unknown. */
interface Amount {
  size: number
  count: number
}

/** A call in the tree, or all hidden callees of a call. */
interface TreeRow {
  /** 0 for the root, whose own memory has no traceback. */
  depth: number
  /** Index of the caller's row; -1 for the root. */
  parent: number
  /** Undefined for the root and for what is not shown. */
  frame: Frame | undefined
  /** Number of hidden calls that this row stands for; 0 for a call. */
  hidden: number
  /** Allocated here and in all calls below. */
  total: Amount
  /** Allocated here. */
  self: Amount
  /** Growth of `total` and `self`; absent unless snapshots are compared. */
  totalDiff?: Amount
  selfDiff?: Amount
}

export interface TreeView {
  title?: string
  /** Are block counts estimates? */
  estimated: boolean
  /** Are some lines those of calls, and others only where functions start? A note explains the mark. */
  isMixed: boolean
  /** Callers before callees, the heaviest callee first. */
  rows: readonly TreeRow[]
  /** What a user should know about the figures. */
  notes: readonly string[]
}

export interface TreeOptions {
  title?: string
  /** Most callees of one call; 0 = all. */
  limit: number
  /** Most levels; 0 = all. */
  depth: number
  /** Smallest share of the whole that is shown, in percent. */
  least: number
}

/**
 * The call tree of a snapshot, or of what changed since `old`. A call's weight is what was allocated in and
 * below it; in a comparison, growth and shrinkage both add weight. Hidden callees are summed in a row of
 * their own. Iterative, because stacks may be deep.
 */
export function treeView(now: Snapshot, old: Snapshot | undefined, options: TreeOptions): TreeView {
  const named = now.named()
  const tree = new CallTree(named, old?.named().over(named.tables))
  const rows: TreeRow[] = []
  const least = (tree.weight[0] * options.least) / 100
  /** Nodes still to be added, the next one last. A list of nodes becomes one row of hidden callees. */
  const open: { node: number | number[]; depth: number; parent: number }[] = [
    { node: 0, depth: 0, parent: -1 },
  ]
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth, parent } = next
    const index = rows.length
    rows.push(typeof node === 'number' ? tree.row(node, depth, parent) : tree.hiddenRow(node, depth, parent))
    if (typeof node !== 'number') continue
    const callees = tree.calleesOf(node)
    const isTooDeep = options.depth > 0 && depth >= options.depth
    const most = isTooDeep ? 0 : options.limit || callees.length
    const shown = callees.filter((callee, i) => i < most && tree.weight[callee] >= least)
    const hidden = callees.slice(shown.length) // they are in order of weight
    if (hidden.length > 0) open.push({ node: hidden, depth: depth + 1, parent: index })
    for (const callee of shown.reverse()) open.push({ node: callee, depth: depth + 1, parent: index })
  }
  const estimated = now.meta.counts === 'estimated' || old?.meta.counts === 'estimated'
  const snapshots = old ? [now, old] : [now]
  const frames = rows.flatMap(({ frame }) => frame ?? [])
  const ofLines = lineNotes(snapshots, frames, '+ after a line')
  const isMixed = ofLines.length > 0 && frames.some(frame => frame.exact && frame.lineno > 0)
  const notes = [...emptyNotes(snapshots), ...bufferHints(now).map(hintLine), ...ofLines]
  return { title: options.title, estimated, isMixed, notes, rows }
}

/** Totals by stack of one or two snapshots that share tables. Nodes are stack ids. */
class CallTree {
  /** Absolute bytes in and below a node; of the change, in a comparison. */
  readonly weight: Float64Array
  readonly #tables: Tables
  readonly #now: Sums
  readonly #old: Sums | undefined
  /** Nodes ordered by caller: the callees of `node` are at `first[node]` to `first[node + 1] - 1`. */
  readonly #callees: Uint32Array
  readonly #first: Uint32Array

  constructor(now: Snapshot, old: Snapshot | undefined) {
    const { parent, length } = now.tables.stacks
    this.#tables = now.tables
    this.#now = sumsOf(now)
    this.#old = old && sumsOf(old)
    const used = new Uint8Array(length)
    for (const { columns } of old ? [now, old] : [now]) for (const stack of columns.stack) used[stack] = 1
    this.weight = this.#now.self.size.map((size, i) => Math.abs(size - (this.#old?.self.size[i] ?? 0)))
    this.#first = new Uint32Array(length + 2)
    for (let i = length - 1; i > 0; i--) {
      this.weight[parent[i]] += this.weight[i]
      if (used[i] === 0) continue
      used[parent[i]] = 1
      this.#first[parent[i] + 2]++
    }
    for (let i = 2; i < this.#first.length; i++) this.#first[i] += this.#first[i - 1]
    this.#callees = new Uint32Array(this.#first[length + 1])
    for (let i = 1; i < length; i++) if (used[i] === 1) this.#callees[this.#first[parent[i] + 1]++] = i
  }

  /** The callees of a node, the heaviest first. */
  calleesOf(node: number): number[] {
    const callees = Array.from(this.#callees.subarray(this.#first[node], this.#first[node + 1]))
    return callees.sort((a, b) => this.weight[b] - this.weight[a] || a - b)
  }

  row(node: number, depth: number, parent: number): TreeRow {
    const { stacks, frames } = this.#tables
    return {
      depth,
      parent,
      frame: node === 0 ? undefined : frames.get(stacks.frame[node]),
      hidden: 0,
      ...this.#amounts([node], [node]),
    }
  }

  /** One row for several nodes and everything below them. */
  hiddenRow(nodes: readonly number[], depth: number, parent: number): TreeRow {
    return { depth, parent, frame: undefined, hidden: nodes.length, ...this.#amounts(nodes, []) }
  }

  #amounts(nodes: readonly number[], own: readonly number[]) {
    const total = amountOf(this.#now.total, nodes)
    const self = amountOf(this.#now.self, own)
    if (!this.#old) return { total, self }
    return {
      total,
      self,
      totalDiff: less(total, amountOf(this.#old.total, nodes)),
      selfDiff: less(self, amountOf(this.#old.self, own)),
    }
  }
}

interface Sums {
  self: AmountColumns
  total: AmountColumns
}
interface AmountColumns {
  size: Float64Array
  count: Float64Array
}

/** By stack: what was allocated in it (`self`), and in and below it (`total`). */
function sumsOf({ tables, columns, length }: Snapshot): Sums {
  const { parent, length: nodes } = tables.stacks
  const self = { size: new Float64Array(nodes), count: new Float64Array(nodes) }
  for (let i = 0; i < length; i++) {
    self.size[columns.stack[i]] += columns.size[i]
    self.count[columns.stack[i]] += columns.count[i]
  }
  const total = { size: self.size.slice(), count: self.count.slice() }
  for (let i = nodes - 1; i > 0; i--) {
    total.size[parent[i]] += total.size[i]
    total.count[parent[i]] += total.count[i]
  }
  return { self, total }
}

function amountOf(columns: AmountColumns, nodes: readonly number[]): Amount {
  const amount = { size: 0, count: 0 }
  for (const node of nodes) {
    amount.size += columns.size[node]
    amount.count += columns.count[node]
  }
  return amount
}

function less(a: Amount, b: Amount): Amount {
  return { size: a.size - b.size, count: a.count - b.count }
}

/** `name (file:line)`, or `file:line` if the format has no function names. `+`: the function starts there. */
function nameOf({ frame, hidden, depth }: TreeRow, { isMixed }: TreeView): string {
  if (hidden > 0) return `... ${hidden} more`
  if (depth === 0 || !frame) return 'total'
  if (frame.functionName === '' && frame.exact) return String(frame)
  const mark = isMixed && isStart(frame) ? '+' : ''
  return `${frame.functionName || '(anonymous)'} (${frame.lineno > 0 ? frame : frame.filename}${mark})`
}

/** Deepest level that is indented; deeper calls show their level as a number. */
const MOST_LEVELS = 60

/** One line per call, indented by two for each caller. */
function* treeLines(view: TreeView): Generator<string> {
  if (view.title !== undefined) yield `${view.title}:`
  for (const row of view.rows) {
    const { total, self, totalDiff, selfDiff } = row
    const size = (n: number, diff?: number) =>
      formatSize(n) + (diff === undefined ? '' : ` (${formatSize(diff, true)})`)
    const count = formatCounts(total.count, totalDiff?.count, view.estimated)
    const own = self.size !== 0 || selfDiff?.size ? `, self=${size(self.size, selfDiff?.size)}` : ''
    yield `${indent(row.depth)}${nameOf(row, view)}: size=${size(total.size, totalDiff?.size)}${own}, count=${count}`
  }
}

function indent(depth: number, most = MOST_LEVELS): string {
  return depth <= most ? '  '.repeat(depth) : `${'  '.repeat(most)}[${depth}] `
}

/** Aligned columns, and branches drawn with lines. */
export function* treeTable(view: TreeView, options: Page): Generator<string> {
  if (view.title !== undefined) yield visible(view.title)
  const whole = view.rows[0].total.size
  const heads = view.rows[0].totalDiff ? ['growth', 'size', 'self', 'count'] : ['size', '%', 'self', 'count']
  const cells = view.rows.map(({ total, self, totalDiff, selfDiff }) => {
    const share = whole > 0 ? ((100 * total.size) / whole).toFixed(1) : ''
    const own = selfDiff ? formatSize(selfDiff.size, true) : formatSize(self.size)
    const isOwn = (selfDiff ?? self).size !== 0
    return [
      ...(totalDiff
        ? [formatSize(totalDiff.size, true), formatSize(total.size)]
        : [formatSize(total.size), share]),
      isOwn ? own : '',
      formatCount(total.count, view.estimated),
    ]
  })
  const widths = heads.map((head, i) => largest(head.length, cells, row => row[i].length))
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padStart(widths[i])).join('  ')
  yield `${line(heads)}  call`
  const branches = branchesOf(view.rows, Math.floor(options.width / 6))
  for (const [i, row] of view.rows.entries()) {
    const name = visible(shorten(nameOf(row, view), options.folder))
    const numbers = line(cells[i])
    yield `${numbers}  ${cutEnd(branches[i] + name, options.width - numbers.length - 2)}`
  }
  for (const note of view.notes) yield visible(note)
}

/** The branches before each row, `│ ├ └`, for the first `most` levels. */
function branchesOf(rows: readonly TreeRow[], most: number): string[] {
  const branches: string[] = new Array(rows.length).fill('')
  /** By depth: whether another callee of the same caller follows. */
  const goesOn: boolean[] = []
  for (let i = rows.length - 1; i > 0; i--) {
    const { depth } = rows[i]
    if (depth > most) branches[i] = indent(depth, most)
    else {
      for (let d = 1; d < depth; d++) branches[i] += goesOn[d] ? '│ ' : '  '
      branches[i] += goesOn[depth] ? '├ ' : '└ '
    }
    goesOn.length = depth
    goesOn[depth] = true
  }
  return branches
}

/** A snapshot in JSON. Rows, not nested objects, because deep nesting breaks JSON parsers. */
function treeJson(view: TreeView): Record<string, unknown> {
  return {
    ...(view.title === undefined ? {} : { snapshot: view.title }),
    ...(view.notes.length > 0 ? { notes: view.notes } : {}),
    rows: view.rows.map(({ depth, parent, frame, hidden, total, self, totalDiff, selfDiff }) => ({
      depth,
      parent,
      ...(frame ? frameJson(frame) : {}),
      ...(hidden > 0 ? { hidden } : {}),
      size: total.size,
      count: blocksJson(total.count),
      selfSize: self.size,
      selfCount: blocksJson(self.count),
      ...(totalDiff && selfDiff
        ? {
            sizeDiff: totalDiff.size,
            countDiff: blocksJson(totalDiff.count),
            selfSizeDiff: selfDiff.size,
            selfCountDiff: blocksJson(selfDiff.count),
          }
        : {}),
    })),
  }
}
