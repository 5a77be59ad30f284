// A process that the matrix started: its lines, and its end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds after which a process that does not answer is given up. */
const PATIENCE = 300_000

/** A program of the matrix is no test, whoever started it. */
const UNTESTED = { VITEST: undefined, NODE_OPTIONS: undefined }

export class Child {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  #errors = ''
  #end: string | undefined
  readonly #started = Date.now()

  constructor(binary: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#process = spawn(binary, args, { env: { ...process.env, ...UNTESTED, ...env } })
    this.#process.stderr!.setEncoding('utf8').on('data', text => {
      this.#errors += text
    })
    this.#process.stdin!.on('error', () => {}) // it has ended
    this.#process.on('exit', (code, signal) => {
      this.#end = `ended with ${signal ?? code}`
    })
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** The next line that it writes; throws when it ends or says nothing. */
  async line(): Promise<string> {
    const timeout = sleep(PATIENCE, { done: true, value: '' } as const, { ref: false })
    const { done, value } = await Promise.race([this.#lines.next(), timeout])
    if (done) throw new Error(`no answer: ${this.#errors}`)
    return value
  }

  write(text: string): void {
    this.#process.stdin!.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Throws when it has ended or takes too long. */
  check(): void {
    if (this.#end !== undefined) throw new Error(`${this.#end}: ${this.#errors}`)
    if (Date.now() - this.#started > PATIENCE) throw new Error(`too slow: ${this.#errors}`)
  }

  /** Ends it, by a signal or the end of its input, by force after ten seconds. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (this.#end !== undefined) return
    const closed = once(this.#process, 'exit')
    if (signal) this.kill(signal)
    else this.#process.stdin!.end()
    const force = setTimeout(() => this.kill('SIGKILL'), 10_000)
    await closed
    clearTimeout(force)
  }
}
