// Which Node process of this machine a number means: a port of its own, or its process id.
import { TargetError } from '../../errors.ts'
import { listTargets } from '../http.ts'
import { isNodeProcess, nodeOnPort } from '../node-process.ts'
import { isLoopbackName, parseTarget, type TargetSpec } from './spec.ts'

/**
 * The target that a text names. A bare number on which nothing listens is a process id, if there is such a
 * process and it runs Node. Throws UsageError for what is no target.
 */
export async function findTarget(text: string, say: (line: string) => void): Promise<TargetSpec> {
  const spec = parseTarget(text)
  if (spec.kind !== 'port' || !/^\d+$/.test(text) || !(await isNodeProcess(spec.port))) return spec
  const isPort = await listTargets(spec.host, spec.port).then(
    () => true,
    () => false,
  )
  if (isPort) return spec
  say(`no inspector listens on port ${text}, so it is taken for process ${text}`)
  return { kind: 'pid', pid: spec.port }
}

/** The error for a port that is no inspector; the process behind it is named, because it was meant. */
export async function namingOwner(error: unknown, host: string, port: number): Promise<unknown> {
  if (!(error instanceof TargetError) || !isLoopbackName(host)) return error
  const pid = await nodeOnPort(port)
  if (pid === undefined) return error
  return new TargetError(error.message, {
    cause: error,
    hint: `the port belongs to process ${pid}: tracemalloc attach pid:${pid}`,
  })
}
