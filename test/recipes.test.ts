// docs/recipes.md with what needs packages. RECIPES=all (npm run recipes) installs pm2, Next.js and Nest into a temporary folder and tries
// them, too; CI imitates them: a cluster in capture/still, a server started by another process here.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { loadSnapshot } from '../src/formats/files.ts'
import { root } from './support/cli.ts'
import { folder, freePort, it, NEWEST, OLDEST, run, toolEnds } from './support/nodes.ts'

const ALL = process.env.RECIPES === 'all'
const LONG = 600_000
const GROW =
  'globalThis.kept = []; setInterval(function grow() { for (let i = 0; i < 300; i++) kept.push({ i, a: [i] }) }, 10)'
const OF_TEST = `const kept = (globalThis.kept = [])
test('fills', () => { for (let i = 0; i < 1e5; i++) kept.push({ i, a: [i] }) })`

/** What traces every Node process of a command; without what the runner of these tests has set. */
const REGISTER = {
  NODE_OPTIONS: `--import ${new URL('../dist/src/register.js', import.meta.url)}`,
  ...Object.fromEntries(
    Object.keys(process.env)
      .filter(name => /^(VITEST|TINYPOOL|JEST)|^(TEST|NODE_ENV)$/.test(name))
      .map(name => [name, undefined]),
  ),
}

/** The files of which some row names a source; a worker that is killed leaves its last one raw. */
async function naming(dir: string, source: string): Promise<string[]> {
  const found: string[] = []
  for (const name of readdirSync(dir).filter(name => /\.(pb\.gz|heapprofile)$/.test(name))) {
    const labels = (await loadSnapshot(join(dir, name))).statistics('filename').map(({ label }) => label)
    if (labels.some(label => label.includes(source))) found.push(name)
  }
  return found
}

const RUNNERS: readonly (readonly [string, string, readonly string[]])[] = [
  ['Vitest', 'node_modules/vitest/vitest.mjs', ['run', '--root', '.', '--globals', '--pool', 'forks']],
  ['Jest', 'node_modules/jest/bin/jest.js', ['--maxWorkers=2', '--rootDir', '.']],
]

describe('NODE_OPTIONS reaches the workers of', () => {
  it.each(ALL ? RUNNERS : RUNNERS.slice(0, 1))('%s', async (_, bin, words) => {
    const dir = folder()
    writeFileSync(join(dir, 'package.json'), '{}')
    for (const letter of ['a', 'b']) writeFileSync(join(dir, `kept-${letter}.test.js`), OF_TEST)
    const out = join(dir, 'out')
    const env = { ...REGISTER, TRACEMALLOC_DIR: out, TRACEMALLOC_PEAK: '1' }
    const tests = run(OLDEST, [join(root, bin), ...words], { cwd: dir, env })
    const { code } = await tests.ended
    expect(code, tests.stdout + tests.stderr).toBe(0)
    for (const letter of ['a', 'b']) expect(await naming(out, `kept-${letter}.test.js`)).not.toHaveLength(0)
  })
})

it('a server that a command starts as another process, as Next.js and Nest do', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'server.cjs'), GROW)
  writeFileSync(
    join(dir, 'cli.cjs'),
    `require('node:child_process').spawn('sh', ['-c', '"$0" server.cjs', process.execPath], { stdio: 'inherit' }); console.log('ready')`,
  )
  const command = run(NEWEST, [`--inspect=${await freePort()}`, 'cli.cjs'], {
    cwd: dir,
    env: { NODE_OPTIONS: undefined },
  })
  await command.says(/ready/)
  await sleep(1500)
  const out = folder()
  const { code, stderr } = await toolEnds([
    'attach',
    `pid:${command.pid}`,
    '--all',
    '--duration',
    '1',
    '--out',
    out,
  ])
  expect(code, stderr).toBe(0)
  expect(await naming(out, 'server.cjs')).toHaveLength(1)
})

it("Electron's main process is named by its version", async () => {
  const port = await freePort()
  const electron = `Object.defineProperty(process.versions, 'electron', { value: '45.5.0', enumerable: true }); ${GROW}; console.log('ready')`
  const main = run(NEWEST, [`--inspect=${port}`, '-e', electron])
  await main.says(/ready/)
  const out = folder()
  const series = run(OLDEST, [
    join(root, 'dist/src/cli/main.js'),
    'attach',
    `${port}`,
    '--every',
    '0.5',
    '--out',
    out,
  ])
  await series.says(/wrote/)
  main.child.kill('SIGKILL')
  await series.says(/Electron 45\.5\.0 was lost/)
  series.child.kill('SIGINT')
  await series.ended
  expect(await naming(out, '[eval]')).not.toHaveLength(0)
})

if (ALL) {
  describe('from npm', () => {
    it(
      'pm2: its daemon is the primary of a cluster',
      async () => {
        const dir = install('pm2')
        const env = { ...process.env, PM2_HOME: join(dir, 'home') }
        writeFileSync(join(dir, 'server.cjs'), GROW)
        const pm2 = (...words: string[]) =>
          execFileSync(OLDEST, [join(dir, 'node_modules/pm2/bin/pm2'), ...words], {
            cwd: dir,
            env,
            stdio: 'ignore',
          })
        try {
          pm2('start', 'server.cjs', '-i', '2')
          await sleep(2000)
          const pid = readFileSync(join(dir, 'home/pm2.pid'), 'utf8').trim()
          const out = folder()
          const { code, stderr } = await toolEnds([
            'attach',
            `pid:${pid}`,
            '--all',
            '--duration',
            '2',
            '--out',
            out,
          ])
          expect(code, stderr).toBe(0)
          expect(await naming(out, 'server.cjs')).toHaveLength(2)
        } finally {
          pm2('kill')
        }
      },
      LONG,
    )

    it(
      'Next.js: its server is a process of its own',
      async () => {
        const dir = install('next', 'react', 'react-dom')
        mkdirSync(join(dir, 'app'))
        writeFileSync(
          join(dir, 'app/layout.js'),
          'export default ({ children }) => <html><body>{children}</body></html>',
        )
        writeFileSync(
          join(dir, 'app/page.js'),
          `const kept = (globalThis.kept ??= [])
export const dynamic = 'force-dynamic'
export default function Page() { for (let i = 0; i < 20000; i++) kept.push({ i, a: [i] }); return <p>{kept.length}</p> }`,
        )
        const port = await freePort()
        const next = run(OLDEST, [join(dir, 'node_modules/next/dist/bin/next'), 'dev', '-p', `${port}`], {
          cwd: dir,
          env: { NODE_OPTIONS: undefined, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined },
        })
        await next.says(/Ready/)
        const load = () => fetch(`http://localhost:${port}/`).then(page => page.text())
        expect(await load()).toContain('20000')
        const timer = setInterval(() => void load().catch(() => {}), 500)
        const out = folder()
        const { code, stderr } = await toolEnds([
          'attach',
          `pid:${next.pid}`,
          '--all',
          '--duration',
          '8',
          '--out',
          out,
        ])
        clearInterval(timer)
        expect(code, stderr).toBe(0)
        expect(await naming(out, 'page')).not.toHaveLength(0)
      },
      LONG,
    )

    it(
      'Nest: traced from its start through its own command',
      async () => {
        const dir = install(
          ...['cli', 'core', 'common', 'platform-express'].map(name => `@nestjs/${name}`),
          'reflect-metadata',
          'rxjs',
          'typescript@5',
        )
        mkdirSync(join(dir, 'src'))
        writeFileSync(
          join(dir, 'src/main.ts'),
          `import { NestFactory } from '@nestjs/core'
import { Module } from '@nestjs/common'
@Module({}) class App {}
const kept: object[] = []
function fill() { for (let i = 0; i < 1e5; i++) kept.push({ i, a: [i] }) }
async function main() { const app = await NestFactory.create(App); fill(); await app.close(); console.log('done', kept.length) }
main()`,
        )
        const compilerOptions = {
          module: 'commonjs',
          target: 'es2022',
          experimentalDecorators: true,
          outDir: 'dist',
          rootDir: 'src',
          skipLibCheck: true,
        }
        writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
        writeFileSync(join(dir, 'nest-cli.json'), '{"sourceRoot":"src"}')
        const out = join(dir, 'out')
        const nest = run(OLDEST, [join(dir, 'node_modules/@nestjs/cli/bin/nest.js'), 'start'], {
          cwd: dir,
          env: { ...REGISTER, TRACEMALLOC_DIR: out },
        })
        expect((await nest.ended).code, nest.stdout + nest.stderr).toBe(0)
        expect(existsSync(out)).toBe(true)
        expect(await naming(out, 'dist/main.js')).not.toHaveLength(0)
      },
      LONG,
    )
  })
}

/** A folder with packages of npm. */
function install(...names: string[]): string {
  const dir = folder()
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...names], {
    cwd: dir,
    stdio: 'ignore',
  })
  return dir
}
