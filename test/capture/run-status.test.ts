// What `run` does with programs that cannot start, that lack rights, that work elsewhere, and how it ends.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { main } from '../support/cli.ts'
import { dumps, folder, it, NEWEST, NODES, OLDEST, run, toolEnds } from '../support/nodes.ts'

function script(text: string, name = 'app.cjs'): string {
  const path = join(folder(), name)
  writeFileSync(path, text)
  return path
}

describe.concurrent.each(NODES)('run on Node %s', (major, node) => {
  it('says in one line that there is no program, and leaves no file', async () => {
    const empty = join(folder(), 'empty')
    mkdirSync(empty)
    for (const program of ['no-such.js', empty]) {
      const out = folder()
      const { code, stderr } = await toolEnds(['run', '--out', out, program], node)
      expect([code, stderr]).toEqual([3, `tracemalloc: no such program: ${program}\n`])
      expect(dumps(out)).toEqual([])
    }
  })

  it('gives the program its own arguments as they are', async () => {
    const app = script('console.log(process.argv.slice(2).join(" "))')
    const own = ['--sources', '--redact', '--', '--lines', 'x', '--cumulative']
    const { code, stdout } = await toolEnds(['run', '--out', folder(), app, ...own], node)
    expect([code, stdout]).toEqual([0, `${own.join(' ')}\n`])
  })

  it('runs a program under the permission model, and says what is missing', async () => {
    const app = script('console.log(process.permission !== undefined)')
    const permission = Number(major) < 24 ? '--experimental-permission' : '--permission'
    const out = folder()
    const { code, stdout, stderr } = await toolEnds(
      ['run', '--node-options', `${permission} --allow-fs-read=*`, '--out', out, app],
      node,
    )
    expect([code, stdout]).toEqual([0, 'true\n'])
    expect(stderr).toMatch(
      /^tracemalloc: the program runs untraced under Node's permission model: .*--allow-inspector/m,
    )
    if (Number(major) < 24) return
    const all = `${permission} --allow-fs-read=* --allow-fs-write=* --allow-inspector`
    const traced = await toolEnds(['run', '--node-options', all, '--out', out, app], node)
    expect(traced.stderr).toContain('snapshots are only written at the end')
    expect(dumps(out)).toHaveLength(1)
  })
})

const GROW = `const kept = []
  function grow() { for (let i = 0; i < 60000; i++) kept.push({ i, a: [i] }) }
  grow(); setTimeout(() => kept, 1e6).unref()`
const FAILED = /^tracemalloc: the program failed before it allocated anything: no snapshot was written$/m

describe.concurrent.each([
  ['the oldest', OLDEST],
  ['the newest', NEWEST],
])('run on %s Node', (_, node) => {
  it.each([
    ['cannot be compiled', 'function f( {', 'app.cjs', 'SyntaxError: Unexpected end of input'],
    ['cannot be linked', "import { x } from 'node:fs'", 'app.mjs', "does not provide an export named 'x'"],
    ['lacks a module', "import './none.mjs'", 'app.mjs', 'ERR_MODULE_NOT_FOUND'],
  ])('leaves no file of a program that %s', async (_, text, name, says) => {
    const out = folder()
    const { code, stderr } = await toolEnds(['run', '--out', out, script(text, name)], node)
    expect(stderr).toContain(says)
    expect(stderr).toMatch(FAILED)
    expect(stderr).not.toMatch(/tracemalloc_keep|size=/)
    expect([code, dumps(out)]).toEqual([1, []])
  })

  it('leaves a file of a program that has run before it fails, and runs it once', async () => {
    const broken = script('function f( {', 'broken.cjs')
    const app = script(`${GROW}; console.log('ran'); require(${JSON.stringify(broken)})`)
    const out = folder()
    const { code, stdout, stderr } = await toolEnds(['run', '--out', out, app], node)
    expect([code, stdout]).toEqual([1, 'ran\n'])
    expect(stderr).not.toMatch(FAILED)
    expect(stderr).toMatch(/grow\): size=/)
    expect(dumps(out)).toHaveLength(1)
  })

  it.each([
    ['its exit', "process.removeAllListeners('exit')", 0],
    ['everything', 'process.removeAllListeners(); setImmediate(() => {})', 0],
    [
      'SIGTERM',
      "process.removeAllListeners('SIGTERM'); process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 3e4)",
      'SIGTERM',
    ],
  ])('leaves a file of a program that removes all listeners of %s', async (_, text, end) => {
    const out = folder()
    const { code, signal } = await toolEnds(['run', '--out', out, script(`${GROW}; ${text}`)], node)
    expect(signal ?? code).toBe(end)
    expect(dumps(out)).toHaveLength(1)
  })

  it('leaves a file of a program that uses up all descriptors at its start', async () => {
    const app = script(`${GROW}; const { openSync } = require('node:fs')
      try { for (;;) openSync('/dev/null') } catch ({ code }) { console.log(code) }`)
    const out = folder()
    const limited = ['-c', 'ulimit -n 64; exec "$@"', 'sh', node, main, 'run', '--out', out, app]
    const running = run('bash', limited)
    expect([(await running.ended).code, running.stdout]).toEqual([0, 'EMFILE\n'])
    expect(running.stderr).not.toMatch(/^tracemalloc: (?!wrote)/m)
    const snapshot = await loadSnapshot(join(out, dumps(out)[0]))
    expect(snapshot.statistics('function')[0].traceback.at(0)!.functionName).toBe('grow')
  })
})

describe.concurrent('run', () => {
  it.each(['SIGPIPE', 'SIGUSR1', 'SIGKILL', 'SIGSEGV', 'SIGHUP'] as const)(
    'ends as the program does by %s',
    async signal => {
      const own = `process.on('SIGUSR1', () => process.exit(5)); process.on('SIGPIPE', () => process.exit(5))`
      const app = script(`${own}; process.kill(process.pid, '${signal}'); setTimeout(() => {}, 3e4)`)
      const { code, signal: died } = await toolEnds(['run', '--out', folder(), app])
      expect(died ?? code).toBe(signal === 'SIGPIPE' || signal === 'SIGUSR1' ? 5 : signal)
    },
  )

  it('says in one line that its folder has gone, and passes on the status of the program', async () => {
    const out = folder()
    const app = script(
      `require('node:fs').rmSync(${JSON.stringify(out)}, { recursive: true }); process.exit(7)`,
    )
    const { code, stderr } = await toolEnds(['run', '--out', out, app])
    expect([code, stderr]).toEqual([
      7,
      `tracemalloc: cannot write a snapshot in ${out}: no such file or folder\n`,
    ])
  })

  it('shows the rows of worker threads, too', async () => {
    const app = script(`const { Worker, isMainThread } = require('node:worker_threads')
      const kept = []
      function inWorker() { for (let i = 0; i < 60000; i++) kept.push({ i, a: [i] }) }
      if (isMainThread) new Worker(__filename)
      else { inWorker(); process.on('exit', () => kept) }`)
    const { stderr } = await toolEnds(['run', '--out', folder(), app])
    expect(stderr).toMatch(/ worker 2: traced memory/)
    expect(stderr).toMatch(/app\.cjs:3 \(inWorker\): size=/)
  })

  it('says that Node ran in a child process, untraced', async () => {
    const app = script(`if (process.argv[2]) setTimeout(() => {}, 4000)
      else require('node:child_process').fork(__filename, ['the-work'])`)
    const { stderr } = await toolEnds(['run', '--out', folder(), app])
    expect(stderr).toMatch(
      /Node also ran in child processes, untraced: .*app\.cjs the-work; use --children to trace them/,
    )
  })

  it('makes a snapshot of what Node 26 writes when one native call fills the heap', async () => {
    const app =
      script(`function parseHuge() { return JSON.parse('[' + '{"a":[1],"b":"x"},'.repeat(2e6) + '0]') }
      parseHuge()`)
    const out = folder()
    const { signal } = await toolEnds(
      ['run', '--node-options', '--max-old-space-size=64', '--out', out, app],
      NEWEST,
    )
    expect(signal).toBe('SIGABRT')
    const snapshot = await loadSnapshot(join(out, dumps(out).at(-1)!))
    expect(snapshot.statistics('function', true).map(s => s.traceback.at(0)!.functionName)).toContain(
      'parseHuge',
    )
  })
})
