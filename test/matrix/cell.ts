// Runs one cell of the matrix: a program under load, traced in one way, read twice, compared by `tracemalloc diff`.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Child } from './child.ts'
import type { Cell, Program } from './programs.ts'

/** What a cell came to. */
export interface Result {
  /** Is it as it should be? */
  right: boolean
  /** What the first rows say, or what was called although nothing leaks. */
  said: string
}

/** Row of `diff --format json`, as far as it is looked at. */
interface Row {
  filename: string
  lineno: number
  function: string
  sizeDiff: number
  significant: boolean | null
  reason?: string
}

/** Folder of the project: the driver is bundled, and started there. */
const ROOT = process.cwd()
const MAIN = join(ROOT, 'dist/src/cli/main.js')
const PROGRAMS = join(ROOT, 'test/matrix/programs')
const LIBRARY = join(ROOT, 'test/matrix/library.mjs')

/** Units or requests that are asked for at once. */
const BATCH = 50
/** Milliseconds between two batches while a read is waited for. */
const PAUSE = 200

/** Runs a cell with the Node binary of its version. */
export async function runCell({ program, way }: Cell, binary: string): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'tracemalloc-matrix-'))
  const out = join(dir, 'out')
  const script = await built(program, dir)
  const commands = {
    run: [MAIN, 'run', '--out', out, script],
    attach: ['--inspect-port=0', script],
    library: ['--import', LIBRARY, script],
  }
  await mkdir(out)
  const child = new Child(binary, commands[way], { MATRIX_OUT: out })
  let tracer: Child | undefined
  try {
    const load = await loadOf(child)
    const step = () => load(program.units ?? 800)
    await load(BATCH * 4) // it has been up for a while
    if (way === 'attach') {
      tracer = new Child(binary, [MAIN, 'attach', `pid:${child.pid}`, '--every', '0.5', '--out', out])
      await newFiles(out, new Map(), program, 1, child, tracer)
    }
    const read = async () => {
      const before = await numbers(out)
      // The read that was under way, and the first that began after now.
      if (!tracer) child.kill('SIGUSR2')
      const files = newFiles(out, before, program, tracer ? 2 : 1, child, tracer)
      // The load goes on meanwhile.
      while (!(await Promise.race([files.then(() => true), sleep(PAUSE, false)]))) await load(BATCH)
      return files
    }
    await step()
    const old = await read()
    await step()
    const now = await read()
    const pairs = [...now.keys()].filter(stem => old.has(stem))
    const diffs = await Promise.all(
      pairs.map(stem => diff(join(out, fileOf(stem, old)), join(out, fileOf(stem, now)))),
    )
    return judge(program, diffs)
  } finally {
    await tracer?.end('SIGINT')
    await child.end()
    await rm(dir, { recursive: true, force: true })
  }
}

/** The program as Node 20 runs it: TypeScript is bundled, with all its packages, into one script. */
async function built({ file }: Program, dir: string): Promise<string> {
  if (!file.endsWith('.ts')) return join(PROGRAMS, file)
  const { build } = await import('esbuild')
  const outfile = join(dir, basename(file).replace(/ts$/, 'cjs'))
  const entryPoints = [join(PROGRAMS, file)]
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    sourcemap: true,
    logLevel: 'error',
  })
  return outfile
}

/** The function that has a program do so many units of work. */
async function loadOf(child: Child): Promise<(count: number) => Promise<void>> {
  const first = await child.line()
  const batch = first.startsWith('port ') ? requests(Number(first.slice(5))) : units(child)
  return async count => {
    for (let i = 0; i < count; i += BATCH) await batch()
  }
}

const units = (child: Child) => async () => {
  child.write(`${BATCH}\n`)
  await child.line()
}

function requests(port: number): () => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 5 })
  let i = 0
  const request = () =>
    new Promise<void>((fulfil, reject) => {
      get({ host: '127.0.0.1', port, path: `/?i=${i++}`, agent }, answer =>
        answer.resume().on('end', fulfil),
      ).on('error', reject)
    })
  return async () => {
    await Promise.all(Array.from({ length: BATCH }, request))
  }
}

/** Number of the last snapshot of each thread, by the start of its name. */
async function numbers(out: string): Promise<Map<string, number>> {
  const last = new Map<string, number>()
  for (const name of await readdir(out)) {
    const [, stem, number] = /^(tracemalloc.*)\.(\d{10})\.pb\.gz$/.exec(name) ?? []
    if (stem) last.set(stem, Math.max(last.get(stem) ?? 0, Number(number)))
  }
  return last
}

/** Waits until every thread has so many snapshots more than before. */
async function newFiles(
  out: string,
  before: ReadonlyMap<string, number>,
  { threads = 1 }: Program,
  more: number,
  ...children: (Child | undefined)[]
): Promise<Map<string, number>> {
  for (;;) {
    const after = await numbers(out)
    const ready = [...after].filter(([stem, number]) => number >= (before.get(stem) ?? 0) + more)
    if (ready.length >= threads) return after
    for (const child of children) child?.check()
    await sleep(30)
  }
}

function fileOf(stem: string, read: ReadonlyMap<string, number>): string {
  return `${stem}.${String(read.get(stem)).padStart(10, '0')}.pb.gz`
}

async function diff(old: string, now: string): Promise<Row[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [MAIN, 'diff', old, now, '--format', 'json', '--limit', '0'],
    {
      maxBuffer: 1 << 28,
    },
  )
  return JSON.parse(stdout).snapshots[0].rows
}

/** Compares what the threads' differences say with the truth. */
function judge({ file, leak }: Program, diffs: readonly Row[][]): Result {
  if (leak === undefined) {
    const called = diffs.flat().filter(row => row.significant)
    return { right: called.length === 0, said: called.map(textOf).join('; ') }
  }
  const name = basename(file).replace(/\.\w+$/, '')
  const isIt = (row: Row) =>
    basename(row.filename).startsWith(name) &&
    (leak === row.function || leak === row.lineno) &&
    row.significant === true
  const firsts = diffs.flatMap(rows => rows.slice(0, 1))
  const right = firsts.some(isIt) && firsts.every(row => isIt(row) || !row.significant)
  return {
    right,
    said: diffs
      .flatMap(rows => rows.slice(0, right ? 1 : 4))
      .map(textOf)
      .join('; '),
  }
}

function textOf({ filename, lineno, function: name, sizeDiff, significant, reason }: Row): string {
  const verdict = significant ? '' : ` ${reason ?? 'not judged'}`
  return `${basename(filename)}:${lineno} (${name}) ${sizeDiff > 0 ? '+' : ''}${sizeDiff}${verdict}`
}
