import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rewrite } from '../../src/lines/rewrite.ts'
import { root } from '../support/cli.ts'
import { tortureCases } from './torture.ts'
import { nodeOf, VERSIONS } from './versions.ts'

const cases = tortureCases()
const rewritten = cases.map(({ text, type }) => rewrite(text, { sourceType: type }))

describe('a rewritten program', () => {
  it('is there for each of many cases', () => {
    expect(cases.length).toBeGreaterThan(300)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    const refused = rewritten.flatMap((result, at) =>
      'reason' in result ? [`${cases[at]!.name}: ${result.reason}`] : [],
    )
    expect(refused).toEqual([])
  })

  it.each(VERSIONS)('prints what the program prints, Node %s', version => {
    const input = cases.map(({ name, type, text }, at) => ({
      name,
      type,
      before: text,
      after: (rewritten[at] as { text: string }).text,
    }))
    const { stdout, stderr, status } = spawnSync(nodeOf(version), [join(root, 'test/lines/run-cases.cjs')], {
      input: JSON.stringify(input),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const results = JSON.parse(stdout) as [string[], string[]][]
    for (const [at, [before, after]] of results.entries()) {
      expect.soft(after, cases[at]!.name).toEqual(before)
      expect.soft(before.length, `${cases[at]!.name} logs`).toBeGreaterThan(0)
    }
  })
})
