// The tests of CPython 3.11's test_tracemalloc.py that need a live heap, in real Node. Every test of CPython's file is translated,
// here or in cpython-own-tests.test.ts, or is in the docs with its reason.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { main, root } from '../support/cli.ts'
import { folder, it, NEWEST, NODES, OLDEST, run } from '../support/nodes.ts'

const PROGRAM = 'cpython-enabled.mjs'
const program = join(root, 'test/capture', PROGRAM)
/** The names of the tests in the program. */
const inProgram = [...readFileSync(program, 'utf8').matchAll(/^ {2}async (test_\w+)\(/gm)].map(
  match => match[1],
)
const ENDS = [...new Map([NODES[0], NODES.at(-1)!]).entries()]

/** A folder where programs can import the library by its name. */
function home(): string {
  const cwd = folder()
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(root, join(cwd, 'node_modules/tracemalloc'))
  return cwd
}

async function ends(node: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, text?: string) {
  const cwd = home()
  if (text !== undefined) writeFileSync(join(cwd, 'app.mjs'), text)
  else copyFileSync(program, join(cwd, PROGRAM))
  const running = run(node, args, { cwd, env })
  return { ...(await running.ended), stdout: running.stdout, stderr: running.stderr }
}

describe.concurrent.each(ENDS)('TestTracemallocEnabled and TestCAPI on Node %s', (_, node) => {
  it('passes each', async () => {
    const { stdout, stderr } = await ends(node, [PROGRAM], { VITEST: undefined })
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual(inProgram.map(name => `${name}: ok`))
  }, 300_000)
})

const REGISTER = ['--import', 'tracemalloc/register']
const IS_TRACING = "import * as t from 'tracemalloc'; console.log(t.isTracing())"
const LIMIT = "import * as t from 'tracemalloc'; console.log(t.getTracebackLimit())"
/** CPython's INVALID_NFRAME. */
const INVALID_NFRAME = ['-1', String(2 ** 30)]

describe.concurrent('TestTracemallocEnabled, processes', () => {
  it('test_fork', async () => {
    // V8 cannot fork: what inherits tracing is a worker thread, and a child that runs Node.
    const text = `import { fork } from 'node:child_process'
      import { once } from 'node:events'
      import { isMainThread, Worker } from 'node:worker_threads'
      import * as t from 'tracemalloc'
      if (isMainThread && !process.send) {
        const [worker] = await once(new Worker(new URL(import.meta.url)), 'exit')
        const [child] = await once(fork('./app.mjs'), 'exit')
        console.log(worker, child)
      } else {
        function allocateBytes() { return Array.from({ length: 50000 }, (_, i) => ({ i })) }
        globalThis.obj = allocateBytes()
        const code = !t.isTracing() ? 2
          : (await t.takeSnapshot()).statistics('function').some(s => /allocateBytes/.test(String(s.traceback) + s.label)) ? 0 : 3
        process.exit(code)
      }`
    const { stdout, stderr } = await ends(
      NEWEST,
      [...REGISTER, 'app.mjs'],
      { TRACEMALLOC_INTERVAL: '512' },
      text,
    )
    expect(stderr).toBe('')
    expect(stdout).toBe('0 0\n')
  })
})

describe.concurrent('TestCommandLine', () => {
  it('test_env_var_disabled_by_default', async () => {
    expect((await ends(NEWEST, ['app.mjs'], {}, IS_TRACING)).stdout).toBe('false\n')
  })
  it('test_env_var_ignored_with_E', async () => {
    // Node has no -E; without --import nobody reads the variable.
    expect((await ends(NEWEST, ['app.mjs'], { TRACEMALLOC: '1' }, IS_TRACING)).stdout).toBe('false\n')
  })
  it('test_env_var_disabled', async () => {
    expect((await ends(OLDEST, [...REGISTER, 'app.mjs'], { TRACEMALLOC: '0' }, IS_TRACING)).stdout).toBe(
      'false\n',
    )
  })
  it('test_env_var_enabled_at_startup', async () => {
    expect((await ends(OLDEST, [...REGISTER, 'app.mjs'], { TRACEMALLOC: '1' }, IS_TRACING)).stdout).toBe(
      'true\n',
    )
  })
  it('test_env_limit', async () => {
    expect((await ends(NEWEST, [...REGISTER, 'app.mjs'], { TRACEMALLOC: '10' }, LIMIT)).stdout).toBe('10\n')
  })
  it.each(INVALID_NFRAME)('test_env_var_invalid (%s)', async nframe => {
    const { code, stderr } = await ends(NEWEST, [...REGISTER, 'app.mjs'], { TRACEMALLOC: nframe }, '')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tracemalloc: TRACEMALLOC=.*: invalid number of frames/)
  })
  it.each<[string[], number]>([
    [[], 128],
    [['--nframe', '1'], 1],
    [['--nframe', '15'], 15],
  ])('test_sys_xoptions (%j)', async (options, nframe) => {
    const args = [main, 'run', '-o', 'out.pb.gz', ...options, 'app.mjs']
    expect((await ends(process.execPath, args, {}, LIMIT)).stdout).toBe(`${nframe}\n`)
  })
  it.each(INVALID_NFRAME)('test_sys_xoptions_invalid (%s)', async nframe => {
    const { code, stderr } = await ends(
      process.execPath,
      [main, 'run', `--nframe=${nframe}`, 'app.mjs'],
      {},
      '',
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(/--nframe|the number of frames must be in range/)
  })
})

/** The tests of 3.11, for systems that come without CPython's own. */
const OF_3_11 =
  'test_repr test_get_tracemalloc_memory test_get_object_traceback test_new_reference test_set_traceback_limit test_get_traces test_get_traces_intern_traceback test_get_traced_memory test_clear_traces test_reset_peak test_is_tracing test_snapshot test_snapshot_save_attr test_fork test_no_incomplete_frames test_create_snapshot test_filter_traces test_filter_traces_domain test_filter_traces_domain_filter test_snapshot_group_by_line test_snapshot_group_by_file test_snapshot_group_by_traceback test_snapshot_group_by_cumulative test_trace_format test_statistic_format test_statistic_diff_format test_slices test_format_traceback test_filter_attributes test_filter_match test_filter_match_filename test_filter_match_filename_joker test_filter_match_trace test_env_var_disabled_by_default test_env_var_ignored_with_E test_env_var_disabled test_env_var_enabled_at_startup test_env_limit test_env_var_invalid test_sys_xoptions test_sys_xoptions_invalid test_pymem_alloc0 test_track test_track_without_gil test_track_already_tracked test_untrack test_stop_track test_stop_untrack'.split(
    ' ',
  )

/** Prints the tests of the installed CPython. */
const LIST = `
import ast, importlib.util
spec = importlib.util.find_spec('test.test_tracemalloc')
tree = ast.parse(open(spec.origin).read()) if spec else ast.parse('')
print('\\n'.join(f.name for c in tree.body if isinstance(c, ast.ClassDef) for f in c.body
  if isinstance(f, ast.FunctionDef) and f.name.startswith('test_')))`

describe('every test of CPython', () => {
  it('is translated, or in the docs with the reason why not', () => {
    const listed = spawnSync('python3', ['-c', LIST], { encoding: 'utf8' })
    expect(listed.stderr).toBe('')
    const page = readFileSync(join(root, 'docs/differences-from-python.md'), 'utf8')
    const table = page.slice(page.indexOf("## CPython's own tests"))
    const rows = [...table.matchAll(/^\| `(test_\w+)` *\| ([^|]*?) *\| ([^|]*?) *\|$/gm)]
    const left = rows.filter(row => row[2] === 'not translated').map(row => row[1])
    const files = ['test/capture/cpython-live.test.ts', 'test/model/cpython-own-tests.test.ts']
    const texts = files.map(file => readFileSync(join(root, file), 'utf8'))
    const translated = new Set([
      ...inProgram,
      ...texts.flatMap(text => [...text.matchAll(/\(['"`](test_\w+)/g)].map(match => match[1])),
    ])
    const names = new Set([...listed.stdout.split('\n').filter(Boolean), ...OF_3_11])
    expect([...names].filter(name => !translated.has(name) && !left.includes(name))).toEqual([])
    expect(left.filter(name => translated.has(name))).toEqual([])
    expect(rows.map(row => row[1]).filter(name => !names.has(name))).toEqual([])
    for (const [, name, , why] of rows) expect(why, name).not.toBe('')
  })
})
