// Runs inside the traced program. Asks the rewriter: the cache on disk, or the rewriter's thread.
import { MessageChannel, MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { method } from '../unharmed.ts'
import { cacheFolder, nameOf, readAnswer } from './cache.ts'
import {
  type Answer,
  type Functions,
  type FunctionsQuestion,
  GONE,
  type Question,
  type Rewritten,
} from './question.ts'
import type { RewriterData } from './rewriter-thread.ts'

// Taken before the program can change them.
const { load, wait } = Atomics
const [Channel, Thread, FailureError, receive] = [MessageChannel, Worker, Error, receiveMessageOnPort]
const [Cells, SharedBytes] = [Int32Array, SharedArrayBuffer]
const on = method(Worker.prototype.on as (event: string, listener: () => void) => unknown)
const unref = method(Worker.prototype.unref)
const post = method(MessagePort.prototype.postMessage as (value: unknown) => void)
const now = performance.now.bind(performance)
const environment = { ...process.env, NODE_OPTIONS: '' }

/** How long, in ms, an answer may take before the rewriter is given up. */
const PATIENCE = 60_000

/** Answers questions about texts, while this thread waits. */
export class Rewriter {
  readonly #folder = cacheFolder()
  #thread: RewriterThread | undefined

  /** Throws if there can be no thread, or it does not answer. */
  answer(question: Question): Answer {
    const known = this.#folder === undefined ? undefined : readAnswer(this.#folder, nameOf(question))
    if (known) return known
    return this.#ask<Answer>(question)
  }

  /** The functions of a rewritten text, if they are found. Throws as `answer` does. */
  functions(file: Rewritten): Functions | undefined {
    return this.#ask<Functions | undefined>({ file })
  }

  #ask<T>(question: Question | FunctionsQuestion): T {
    this.#thread ??= startThread(this.#folder)
    return ask(this.#thread, question) as T
  }
}

interface RewriterThread {
  port: MessagePort
  answered: Int32Array
  asked: number
}

const URL_OF_THREAD = new URL(import.meta.url.replace(/rewriter(\.[jt]s)$/, 'rewriter-thread$1'))

function startThread(folder: string | undefined): RewriterThread {
  const answered = new Cells(new SharedBytes(4))
  const { port1: port, port2 } = new Channel()
  const workerData: RewriterData = { port: port2, answered, folder }
  // It must not load what the program preloads, nor open the program's streams to pipe its own into them.
  const worker = new Thread(URL_OF_THREAD, {
    workerData,
    transferList: [port2],
    execArgv: ['--no-warnings'], // one that is not read would keep the process from ending
    env: environment,
    stdout: true,
    stderr: true,
  })
  unref(worker)
  on(worker, 'error', () => {}) // the thread that waits finds out
  return { port, answered, asked: 0 }
}

function ask(thread: RewriterThread, question: Question | FunctionsQuestion): unknown {
  const { port, answered } = thread
  post(port, question)
  thread.asked++
  const since = now()
  for (let count = load(answered, 0); count < thread.asked; count = load(answered, 0)) {
    if (count === GONE) throw new FailureError('the rewriter has ended')
    if (now() - since > PATIENCE) throw new FailureError('the rewriter does not answer')
    wait(answered, 0, count, 1000)
  }
  return receive(port)!.message
}
