// What is run with faults, and what must hold afterwards: the right status, one line, nothing half, the target as before.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadSnapshots } from '../../src/formats/files.ts'
import { connect } from '../../src/inspector/websocket.ts'
import { root } from '../support/cli.ts'
import { freePort, NEWEST, refuses } from '../support/nodes.ts'
import type { Fault, Outcome } from './inject.ts'

/** A process that is attached to, and the question whether it is as it was. */
export interface Target {
  args: string[]
  /** What is wrong with it, when it has had time to recover. */
  faults(): Promise<string[]>
  end(): void
}

export interface Scenario {
  name: string
  /** Puts what the command reads into its folder. */
  prepare?(folder: string): void
  target?(): Promise<Target>
  args(folder: string, target?: Target): string[]
  /** Standard output goes to a file of the folder. */
  redirected?: boolean
  /** Takes minutes, as its target has time to recover after each fault: part of the long form only. */
  isLong?: boolean
  /** The program's own status, where the command passes it on. */
  ownStatus?: number
  /** What there must be when it says that all is well. */
  writes(folder: string): readonly string[]
}

const sample = (path: string) => join(root, 'samples', path)
const PROFILE = sample('heapprofile/node26-heapprof-i2048.heapprofile')
const SERIES = ['01', '06', '12'].map(n => sample(`series/leak-${n}.pb.gz`))
const filesIn = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => ending.test(name))
const some = (folder: string) => filesIn(folder, /\.pb\.gz$/).slice(0, 1)

const PROGRAM = `console.log('ran')
const kept = []
function grow() { for (let i = 0; i < 20000; i++) kept.push({ i, a: [i] }) }
grow()
setTimeout(() => { grow(); process.exitCode = 7 }, 700)`
const SERVICE = `globalThis.kept = []
setInterval(() => { if (kept.length > 50000) kept.length = 0; for (let i = 0; i < 500; i++) kept.push({ i }) }, 20)`

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'convert',
    args: folder => ['convert', PROFILE, join(folder, 'x.pb.gz')],
    writes: () => ['x.pb.gz'],
  },
  {
    name: 'convert over a file that exists',
    prepare: folder => copyFileSync(SERIES[0], join(folder, 'x.pb.gz')),
    args: folder => ['convert', PROFILE, join(folder, 'x.pb.gz')],
    writes: () => ['x.pb.gz'],
  },
  {
    name: 'convert to standard output',
    redirected: true,
    args: () => ['convert', PROFILE, '-', '--to', 'folded'],
    writes: () => ['stdout'],
  },
  {
    name: 'batch',
    redirected: true,
    args: () => ['batch', sample('series'), '--format', 'json'],
    writes: () => ['stdout'],
  },
  {
    name: 'heap',
    redirected: true,
    args: () => ['heap', sample('heapsnapshot/made.heapsnapshot'), '--format', 'json'],
    writes: () => ['stdout'],
  },
  {
    name: 'check --update',
    prepare(folder) {
      mkdirSync(join(folder, 'baseline'))
      for (const [i, file] of SERIES.entries())
        copyFileSync(file, join(folder, 'baseline', `baseline-${i + 1}.pb.gz`))
    },
    args: folder => ['check', join(folder, 'baseline'), ...SERIES.slice(0, 2), '--update'],
    writes: folder => filesIn(join(folder, 'baseline'), /\.pb\.gz$/).map(name => join('baseline', name)),
  },
  {
    name: 'run',
    ownStatus: 7,
    prepare: folder => writeFileSync(join(folder, '..', 'program.cjs'), PROGRAM),
    args: folder => ['run', '-o', join(folder, 'x.pb.gz'), join(folder, '..', 'program.cjs')],
    writes: () => ['x.pb.gz'],
  },
  {
    name: 'run --every',
    ownStatus: 7,
    prepare: folder => writeFileSync(join(folder, '..', 'program.cjs'), PROGRAM),
    args: folder => ['run', '--every', '0.3', '--out', folder, join(folder, '..', 'program.cjs')],
    writes: some,
  },
  {
    name: 'attach',
    target: byPort,
    args: (folder, target) => ['attach', ...target!.args, '--duration', '0.3', '-o', join(folder, 'x.pb.gz')],
    writes: () => ['x.pb.gz'],
  },
  {
    name: 'attach --every by pid',
    isLong: true,
    target: byPid,
    args: (folder, target) => ['attach', ...target!.args, '--every', '0.3', '--count', '2', '--out', folder],
    writes: some,
  },
  {
    name: 'attach --mode objects',
    target: byPort,
    args: (folder, target) => [
      'attach',
      ...target!.args,
      ...['--mode', 'objects', '--duration', '0.3', '-o', join(folder, 'x.heapsnapshot')],
    ],
    writes: () => ['x.heapsnapshot'],
  },
]

/** A process whose inspector is open already. */
async function byPort(): Promise<Target> {
  const port = await freePort()
  return target([`--inspect=127.0.0.1:${port}`], port, false)
}

/** A process that knows nothing of inspectors. */
async function byPid(): Promise<Target> {
  const port = await freePort()
  return target([`--inspect-port=${port}`], port, true)
}

/** Node 20 is not the target: its inspector's own thread can crash when a connection ends while it writes. */
async function target(options: string[], port: number, opensInspector: boolean): Promise<Target> {
  const child = spawn(NEWEST, [...options, '-e', `console.log('ready');${SERVICE}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', data => {
    said = `${said}${data}`.slice(-2000)
  })
  await once(child.stdout, 'data')
  return {
    args: [opensInspector ? `pid:${child.pid}` : `${port}`],
    async faults() {
      for (let patience = 20; ; patience--) {
        const wrong = await wrongWith(port, opensInspector)
        const ending = child.signalCode ?? child.exitCode
        if (ending !== null) return [`the target has ended (${ending}): ${said}`]
        if (wrong === undefined) return []
        if (patience === 0) return [wrong]
        await sleep(1000)
      }
    },
    end: () => child.kill('SIGKILL'),
  }
}

async function wrongWith(port: number, opensInspector: boolean): Promise<string | undefined> {
  const isClosed = await refuses(port)
  if (opensInspector) return isClosed ? undefined : 'the inspector that was opened for us is open'
  if (isClosed) return "the target's own inspector is closed"
  try {
    const signal = AbortSignal.timeout(10_000)
    const list = await fetch(`http://127.0.0.1:${port}/json/list`, { signal })
    const [{ webSocketDebuggerUrl }] = (await list.json()) as { webSocketDebuggerUrl: string }[]
    const session = await connect(webSocketDebuggerUrl)
    try {
      await session.post('HeapProfiler.getSamplingProfile', {}, 10_000)
      return 'the sampler runs on'
    } catch (error) {
      return /not started|stopped/i.test((error as Error).message) ? undefined : (error as Error).message
    } finally {
      await session.close()
    }
  } catch (error) {
    return `the target's own inspector does not answer: ${(error as Error).message}`
  }
}

/** Lines that only a fault of ours would print: a stack, an error that nobody foresaw. */
const UNFORESEEN = /internal error|^\s+at |^\w*Error\b|uncaught|unhandled/im

/** What is wrong with the outcome of a run in which this call failed; nothing, if all is as it should be. */
export async function judge(
  scenario: Scenario,
  folder: string,
  { code, signal, stdout, stderr }: Outcome,
  fault: Fault | undefined,
  call = '',
): Promise<string[]> {
  const wrong: string[] = []
  const isKilled = fault?.kind === 'kill' && (signal === 'SIGKILL' || code === null || code === 137)
  if (UNFORESEEN.test(stderr)) wrong.push(`not one clear line: ${stderr}`)
  if (!isKilled) {
    // A program that was not begun, since no folder could be made for its files, has no status of its own.
    const isPassedOn = scenario.ownStatus !== undefined && stdout.includes('ran')
    const fine = isPassedOn ? scenario.ownStatus : 0
    const isFine = code === fine && (scenario.ownStatus === undefined || isPassedOn)
    const allowed = isPassedOn ? [fine] : [0, 2, 3, 4]
    if (!allowed.includes(code ?? -1)) wrong.push(`status ${code} ${signal ?? ''}: ${stderr}`)
    if (!fault && !isFine) wrong.push(`fails without a fault: ${stderr}`)
    const isThere = (name: string) =>
      statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true
    const names = scenario.writes(folder)
    const isMissing = names.length === 0 || !names.every(isThere)
    const last = stderr.trimEnd().split('\n').at(-1) ?? ''
    if (isFine && isMissing && !REASON.test(stderr))
      wrong.push(`a file is missing, and nothing is said: ${stderr}`)
    if (!isFine && !/^tracemalloc: \S/.test(last)) wrong.push(`no line tells of the error: ${stderr}`)
  }
  const leftovers = () => filesIn(folder, /(^|\/)(\.|opened-)[^/]*$|\.tmp$/)
  // The helper that closes an inspector for us, as we were not connected, removes its note after that.
  for (let patience = 20; leftovers().length > 0 && patience > 0; patience--) await sleep(100)
  const hidden = leftovers()
  const isKept = isKilled || fault?.kind === 'kill' || /^(unlink|rmdir)/.test(call)
  if (!isKept && hidden.length > 0) wrong.push(`left behind: ${hidden}`)
  for (const name of filesIn(folder, /^[^.].*\.(pb\.gz|heapsnapshot|heapprofile)$/)) {
    try {
      if ((await loadSnapshots(join(folder, name))).length === 0) wrong.push(`${name} is empty`)
    } catch (error) {
      wrong.push(`${name} is not whole: ${(error as Error).message}`)
    }
  }
  return wrong
}

/** How a line says that something could not be written or reached. */
const REASON =
  /^tracemalloc: .*(cannot|could not|lost|was kept|instead of|no snapshot was taken|no permission|no space|failed)/m
