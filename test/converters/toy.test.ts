import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/cli.ts'

// In a copy of the project a format is added by one file, one entry in the list, samples and its paragraph in the docs: it is
// detected and passes every test that a format has to pass, and nothing else was touched.
test('a format is one file, one line, samples and a paragraph', { timeout: 240_000 }, () => {
  const copy = mkdtempSync(join(tmpdir(), 'tracemalloc-toy-'))
  try {
    for (const name of [
      'src',
      'converters',
      'test/support',
      'test/converters/conformance.test.ts',
      'test/formats.test.ts',
      'docs/formats.md',
      'package.json',
    ]) {
      cpSync(join(root, name), join(copy, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const toy = join(root, 'test/converters/toy')
    mkdirSync(join(copy, 'samples'))
    cpSync(join(toy, 'samples'), join(copy, 'samples/toy'), { recursive: true })
    const source = readFileSync(join(toy, 'toy.ts'), 'utf8').replaceAll("'../../../src/", "'../src/")
    writeFileSync(join(copy, 'converters/toy.ts'), source)
    const list = join(copy, 'converters/index.ts')
    const added = readFileSync(list, 'utf8').replace('\n]', '\n  toy,\n]')
    writeFileSync(list, `import { toy } from './toy.ts'\n${added}`)

    const page = join(copy, 'docs/formats.md')
    writeFileSync(page, `${readFileSync(page, 'utf8')}\n### toy\n\nFor a test.\n`)

    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const run = (tests: readonly string[], env: Record<string, string> = {}) =>
      spawnSync(process.execPath, [vitest, 'run', '--root', copy, '--reporter', 'json', ...tests], {
        cwd: copy,
        encoding: 'utf8',
        env: { ...process.env, ...env },
      })
    expect(run(['test/formats.test.ts'], { UPDATE_EXPECTED: '1' }).status).toBe(0)
    const { stdout, stderr } = run([
      '-t',
      '^toy |^the tables|^every format',
      'test/converters',
      'test/formats.test.ts',
    ])
    const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<
      string,
      number
    >
    expect(readFileSync(page, 'utf8')).toMatch(/^\| .?toy/m)
    expect(numFailedTests, stdout + stderr).toBe(0)
    expect(numPassedTests).toBeGreaterThan(20)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
