// What `run` does with programs that cannot start, that lack rights, that work elsewhere, and how it ends.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../../src/formats/files.ts'
import { dumps, folder, it, NEWEST, NODES, toolEnds } from '../support/nodes.ts'

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
