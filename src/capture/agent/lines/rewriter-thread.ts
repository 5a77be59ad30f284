// The rewriter: a worker thread of the traced process, so that rewriting uses neither the program's heap nor
// the built-ins that it may have changed. It answers one question after another.
import { type MessagePort, workerData } from 'node:worker_threads'
import { type FunctionsQuestion, GONE, type Question } from './question.ts'

/** What the thread receives at its start. */
export interface RewriterData {
  port: MessagePort
  /** One cell: the number of answers, or `GONE`. */
  answered: Int32Array
  /** The folder of the cache, if there is one. */
  folder: string | undefined
}

void serve(workerData as RewriterData)

async function serve({ port, answered, folder }: RewriterData): Promise<void> {
  // The thread that asks may be blocked, waiting for this and nothing else.
  process.on('exit', () => {
    Atomics.store(answered, 0, GONE)
    Atomics.notify(answered, 0)
  })
  const { answerTo, functionsOf } = await import('./answer.ts')
  const { bound } = await import('./cache.ts')
  if (folder !== undefined) bound(folder)
  port.on('message', (question: Question | FunctionsQuestion) => {
    port.postMessage('file' in question ? functionsOf(question) : answerTo(question, folder))
    Atomics.add(answered, 0, 1)
    Atomics.notify(answered, 0)
  })
}
