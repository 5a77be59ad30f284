// `attach --all`: a target and the Node processes that it has started, read side by side.
import type { Attached } from '../capture/attach.ts'
import { nodeProcessesBelow } from '../capture/node-children.ts'
import { lineOf, TargetError, UsageError } from '../errors.ts'
import { nodeOnPort } from '../inspector/node-process.ts'
import { isRemote, type TargetSpec } from '../inspector/target.ts'

/**
 * A target behind the Node processes below it: a cluster's primary whose inspector opens makes its workers
 * open theirs. Throws UsageError for a target of another machine.
 */
export async function withProcessesBelow(spec: TargetSpec): Promise<TargetSpec[]> {
  const pid = await pidOf(spec)
  if (pid === undefined) {
    throw new UsageError('--all needs a process of this machine: its children are found by its id', {
      hint: 'use pid:1234',
    })
  }
  const below = nodeProcessesBelow(pid).reverse()
  return [...below.map(pid => ({ kind: 'pid', pid }) as const), spec]
}

/** The process id of a target of this machine; undefined for others. */
export async function pidOf(spec: TargetSpec): Promise<number | undefined> {
  if (spec.kind === 'pid') return spec.pid
  if (isRemote(spec)) return undefined
  return nodeOnPort(spec.kind === 'port' ? spec.port : Number(new URL(spec.url).port))
}

/**
 * Attaches to all of them. Each is opened when the one before is, as all open the same port, and sampled when
 * all are. One that cannot be read is told, and the others are read. Throws TargetError if none can be.
 */
export async function attachAll(
  specs: readonly TargetSpec[],
  attach: (spec: TargetSpec, onOpen: () => Promise<void>) => Promise<Attached>,
  say: (line: string) => void,
): Promise<Attached> {
  if (specs.length === 1) return attach(specs[0], async () => {})
  let openAll = () => {}
  const allOpen = new Promise<void>(resolve => {
    openAll = resolve
  })
  const running: Promise<Attached | undefined>[] = []
  for (const spec of specs) {
    await new Promise<void>(open => {
      const onOpen = () => {
        open()
        return allOpen
      }
      const run = attach(spec, onOpen).catch(error => {
        if (!(error instanceof TargetError)) throw error
        say(lineOf(error))
        return undefined
      })
      running.push(run.finally(open))
    })
  }
  openAll()
  const ended = (await Promise.all(running)).filter(one => one !== undefined)
  if (ended.length === 0) throw new TargetError('none of the processes can be read')
  const sum = (of: (one: Attached) => number) => ended.reduce((total, one) => total + of(one), 0)
  return { reads: sum(one => one.reads), unwritten: sum(one => one.unwritten) }
}
