// A worker thread of a Node process does not wait for a debugger when it ends, so it is asked to send its
// profile first.
import type { Target } from '../inspector/isolate.ts'
import type { Memory } from '../inspector/memory.ts'
import type { Session } from '../inspector/session.ts'

/** What a worker sends at its end. */
interface LastWords {
  /** V8's profile, as text. */
  profile: string
  memory: Memory
  /** Milliseconds that the read took. */
  took: number
}

/** Name of the function through which a worker sends; removed from its globals at once. */
const SEND = 'tracemallocSend'

/**
 * Evaluated in a worker: makes it read its own sampler at its exit, unless nobody samples or listens any
 * more. (Node could make it wait for us instead, but it would wait for ever if we were killed.)
 */
const LISTEN = `(() => {
  const send = globalThis.${SEND}
  delete globalThis.${SEND}
  const { Session } = require('inspector')
  const onExit = () => {
    const session = new Session()
    try {
      const start = performance.now()
      session.connect()
      session.post('HeapProfiler.getSamplingProfile', (error, result) => {
        if (error) return
        const took = performance.now() - start
        send(JSON.stringify({ profile: JSON.stringify(result.profile), memory: process.memoryUsage(), took }))
      })
      session.disconnect()
    } catch {}
  }
  process.once('exit', onExit)
  Object.defineProperty(globalThis, Symbol.for('tracemalloc.onExit'), { value: onExit, configurable: true })
})()`

/** Evaluated to undo that. */
const FORGET = `(() => {
  const key = Symbol.for('tracemalloc.onExit')
  process.off('exit', globalThis[key])
  delete globalThis[key]
})()`

/** Listens for what a worker sends at its end. Undefined if it cannot be asked: its samples are then lost. */
export async function hearLastWords(
  session: Session,
  { runtime }: Pick<Target, 'runtime'>,
): Promise<{ heard: Promise<LastWords>; stop(): Promise<void> } | undefined> {
  if (runtime !== 'node') return undefined
  const heard = new Promise<LastWords>(resolve => {
    session.on('Runtime.bindingCalled', ({ name, payload }: { name: string; payload: string }) => {
      if (name === SEND) resolve(JSON.parse(payload))
    })
  })
  const evaluate = (expression: string) =>
    session.post<{ exceptionDetails?: object }>('Runtime.evaluate', {
      expression,
      includeCommandLineAPI: true,
      silent: true,
    })
  try {
    await session.post('Runtime.addBinding', { name: SEND })
    const { exceptionDetails } = await evaluate(LISTEN)
    if (exceptionDetails) return undefined
  } catch {
    return undefined
  }
  return { heard, stop: async () => void (await evaluate(FORGET)) }
}
