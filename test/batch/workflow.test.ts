import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main, root } from '../support/cli.ts'

// The workflow of docs/check.md, its own steps and its own budgets, on three commits of a program.

const page = readFileSync(join(root, 'docs', 'check.md'), 'utf8')
const section = page.slice(page.indexOf('## A workflow'))
const block = (language: string) => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section)?.[1] ?? ''
const steps = [...block('yaml').matchAll(/- run: (.*)/g)].map(step => step[1])
const [measure, check] = steps.filter(step => step.startsWith('npx tracemalloc '))

/** Its cache is large enough to be seen: with 11 KB at 4096 bytes one run in ten has no sample of the file. */
const program = (leak: string) => `const cache = new Map()
globalThis.remembered = []
function handle(i) {
  cache.set(i % 1000, { i })
  ${leak}
}
for (let i = 0; i < 10_000; i++) handle(i)
`
const FIXED = program('')
const LEAKING = program('remembered.push({ i, tags: [i, i + 1, i + 2] })')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-workflow-'))
  mkdirSync(join(folder, 'test'))
  mkdirSync(join(folder, 'bin'))
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`
  writeFileSync(join(folder, 'bin', 'npx'), npx, { mode: 0o755 })
  writeFileSync(join(folder, 'tracemalloc.config.json'), block('json'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function step(command: string) {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
  const { status, stdout } = spawnSync('bash', ['-e', '-c', command], { cwd: folder, encoding: 'utf8', env })
  return { status, stdout }
}

/** Both steps on a commit, against a baseline of the fixed program at the same interval. */
function judge(commit: string, interval: string) {
  const atInterval = measure.replace(/--interval \d+/, `--interval ${interval}`)
  for (const dir of ['memory-baseline', 'now']) rmSync(join(folder, dir), { recursive: true, force: true })
  writeFileSync(join(folder, 'test', 'load.js'), FIXED)
  expect(step(atInterval.replace('--out now', '--out memory-baseline')).status).toBe(0)
  writeFileSync(join(folder, 'test', 'load.js'), commit)
  expect(step(atInterval).status).toBe(0)
  expect(existsSync(join(folder, 'now'))).toBe(true)
  return step(check)
}

describe('the workflow of docs/check.md', () => {
  it('fails the leaking commit on its line', () => {
    const { status, stdout } = judge(LEAKING, '4096')
    expect(stdout).toMatch(/^::error file=test\/load\.js,line=\d+,.*handle/m)
    expect(status).toBe(1)
  })

  it('passes the fixed commit', () => {
    expect(judge(FIXED, '4096').status).toBe(0)
  })

  it('cannot judge at 512 KiB, and says what to change', () => {
    const { status, stdout } = judge(FIXED, '524288')
    // Which one it says depends on whether the coarse run has seen anything at all.
    expect(stdout).toMatch(
      /at an interval of 524288 bytes: use --interval \d+ or less|a smaller --interval shows more|or use a smaller --interval$/m,
    )
    expect(status).toBe(5)
  })
})
