import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/cli.ts'

// In a copy of the project a format is added by one file, one entry in the list, and samples: it is detected and passes
// every test that a format has to pass, and nothing else was touched.
test('a format is one file, one line and samples', { timeout: 240_000 }, () => {
  const copy = mkdtempSync(join(tmpdir(), 'tracemalloc-toy-'))
  try {
    for (const name of [
      'src',
      'converters',
      'test/support',
      'test/converters/conformance.test.ts',
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

    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const args = [
      vitest,
      'run',
      '--root',
      copy,
      '--reporter',
      'json',
      '-t',
      '^toy ',
      'test/converters/conformance.test.ts',
    ]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' })
    const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<
      string,
      number
    >
    expect(numFailedTests, stdout + stderr).toBe(0)
    expect(numPassedTests).toBeGreaterThan(20)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
