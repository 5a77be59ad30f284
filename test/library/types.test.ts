// The package as npm packs it, for TypeScript: every public name has types, by import and by require.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../support/cli.ts'

const LONG = 240_000
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-types-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  // What npm would install beside it; the package itself is unpacked from its tarball.
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && name !== 'tracemalloc')
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  })
  const [{ filename }] = JSON.parse(packed)
  mkdirSync(join(modules, 'tracemalloc'))
  execFileSync('tar', [
    'xzf',
    join(folder, filename),
    '-C',
    join(modules, 'tracemalloc'),
    '--strip-components=1',
  ])
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['esm.mts', 'cjs.cts'] }),
  )
}, LONG)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The names that the declarations export as types only. */
function typeNames(): string[] {
  const text = readFileSync(join(root, 'src/index.ts'), 'utf8')
  return [...text.matchAll(/\btype (\w+)\b|export type \{([^}]*)\}/g)]
    .flatMap(([, one, list]) => (one ? [one] : list.split(',').map(name => name.trim())))
    .filter(Boolean)
}

it('types every name, and none as any', { timeout: LONG }, async () => {
  const values = Object.keys(await import('../../src/index.ts'))
  expect(values.length).toBeGreaterThan(40)
  const text = [
    'type IsAny<T> = 0 extends 1 & T ? true : false',
    ...values.map(name => `export const ${name}IsAny: IsAny<typeof t.${name}> = false`),
    ...typeNames().map(name => `export type Own${name} = t.${name}`),
    "export const row = (s: t.Snapshot): number | null => s.statistics('lineno')[0].sizeError",
    "export const diff = (s: t.Snapshot): boolean | null => t.compareSampled(s, s, 'lineno').rows[0].significant",
    'export const sizes = async (): Promise<number[]> => (await t.batch("x")).series[0].points.map(p => p.size)',
    'export const heap = async (): Promise<string[]> => (await t.HeapSnapshot.load("x")).classes().map(c => c.name)',
    "export const loaded: Promise<t.Snapshot> = t.Snapshot.load('x')",
  ].join('\n')
  writeFileSync(
    join(folder, 'esm.mts'),
    `import * as t from 'tracemalloc'\nimport 'tracemalloc/register'\nimport 'tracemalloc/vitest'\n${text}\n`,
  )
  writeFileSync(join(folder, 'cjs.cts'), `import t = require('tracemalloc')\n${text}\n`)
  const compiled = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
    { encoding: 'utf8' },
  )
  expect(compiled.stdout + compiled.stderr).toBe('')
})

it('gives by require what it gives by import', { timeout: LONG }, () => {
  const print = 'console.log(Object.keys(t).sort().join())'
  writeFileSync(join(folder, 'a.mjs'), `import * as t from 'tracemalloc'; ${print}`)
  writeFileSync(join(folder, 'b.cjs'), `const t = require('tracemalloc'); ${print}`)
  const run = (name: string) => spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' })
  const [esm, cjs] = [run('a.mjs'), run('b.cjs')]
  expect(esm.stdout.split(',').length).toBeGreaterThan(40)
  expect(cjs.stdout.replace(/(^|,)(__esModule|module\.exports)(?=,|$)/g, '')).toBe(esm.stdout)
})
