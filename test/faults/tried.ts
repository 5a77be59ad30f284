// Tries a command with its faults, several side by side, each with a target of its own; what was tried before is not tried again.
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, type Fault, inject } from './inject.ts'
import { judge, type Scenario, type Target } from './scenarios.ts'

/** What came of one fault. */
export interface Tried extends Fault {
  scenario: string
  /** The call that failed; undefined if there were fewer calls than that in this run. */
  call?: string
  trouble: string[]
}

export interface Trial {
  /** The library of inject.ts. */
  library: string
  /** Holds the folders of the runs. */
  parent: string
  /** The faults of a command whose calls are these. */
  choose(calls: readonly Call[]): Fault[]
  /** How many are tried at once. */
  jobs: number
  /** Every `of`-th fault, from the `part`-th. */
  shard: { part: number; of: number }
  /** File with a line for each result, to which more are added; what had a good end is not tried again. */
  log?: string
}

/** A line of the log: the calls of a scenario without faults, or what came of a fault. */
type Line = { scenario: string; calls: Call[] } | Tried

/** Tries the faults of a scenario. Throws if it fails without any. */
export async function tryFaults(scenario: Scenario, trial: Trial): Promise<Tried[]> {
  const lines = readLog(trial.log).filter(line => line.scenario === scenario.name)
  const done = lines.filter((line): line is Tried => 'trouble' in line && line.trouble.length === 0)
  const add = (line: Line) => trial.log && appendFileSync(trial.log, `${JSON.stringify(line)}\n`)
  let calls = lines.flatMap(line => ('calls' in line ? [line.calls] : []))[0]
  if (!calls) {
    const { found, trouble } = await withTarget(scenario, target => tryOne(scenario, trial, target))
    if (found.length === 0 || trouble.length > 0)
      throw new Error(`without a fault: ${trouble.join('; ') || 'no calls'}`)
    calls = found
    add({ scenario: scenario.name, calls })
  }
  const { part, of } = trial.shard
  const due = trial
    .choose(calls)
    .filter((_, i) => i % of === part - 1)
    .filter(({ at, kind }) => !done.some(tried => tried.at === at && tried.kind === kind))
  const work = async () => {
    while (due.length > 0) {
      await withTarget(scenario, async target => {
        for (let fault = due.shift(); fault; fault = due.shift()) {
          const { found, trouble } = await tryOne(scenario, trial, target, fault)
          const call = found[fault.at - 1]
          const tried = {
            scenario: scenario.name,
            ...fault,
            call: call && `${call.name} ${call.about}`,
            trouble,
          }
          done.push(tried)
          add(tried)
          if (trouble.length > 0) break // the next faults get a fresh target
        }
      })
    }
  }
  await Promise.all(Array.from({ length: trial.jobs }, work))
  return done
}

/** One line for a person. */
export function summary(name: string, tried: readonly Tried[]): string {
  const bad = tried.filter(({ trouble }) => trouble.length > 0).length
  const missed = tried.filter(({ call }) => call === undefined).length
  return `${name}: ${tried.length} faults, ${missed} of them after the last call, ${bad} with a bad end`
}

/** What is wrong, for each fault with a bad end. */
export function troubles(tried: readonly Tried[]): string[] {
  return tried.flatMap(({ at, kind, call, trouble }) =>
    trouble.map(text => `${kind} of call ${at} (${call}): ${text}`),
  )
}

async function withTarget<T>(scenario: Scenario, use: (target?: Target) => Promise<T>): Promise<T> {
  const target = await scenario.target?.()
  try {
    return await use(target)
  } finally {
    target?.end()
  }
}

async function tryOne(scenario: Scenario, { library, parent }: Trial, target?: Target, fault?: Fault) {
  const own = mkdtempSync(join(parent, 'x-'))
  const folder = join(own, 'out')
  mkdirSync(folder)
  scenario.prepare?.(folder)
  const outcome = await inject(library, folder, scenario.args(folder, target), fault, scenario.redirected)
  const trouble = target ? await target.faults() : []
  const { name = '' } = outcome.calls[(fault?.at ?? 0) - 1] ?? {}
  trouble.push(...(await judge(scenario, folder, outcome, fault, name)))
  rmSync(own, { recursive: true, force: true })
  const found = outcome.calls.map(({ name, about }) => ({ name, about: about.replace(folder, '') }))
  return { found, trouble }
}

function readLog(log: string | undefined): Line[] {
  if (log === undefined || !existsSync(log)) return []
  const whole = readFileSync(log, 'utf8').split('\n').slice(0, -1)
  return whole.map(line => JSON.parse(line))
}
