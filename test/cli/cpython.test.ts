// What the command prints for CPython's own dumps is what CPython says, line by line.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { visible } from '../../src/text/escape.ts'
import { cpython, seed } from '../oracle/cpython.ts'
import { cli } from '../support/cli.ts'

/** Pickles in Base64, and CPython's lines by key: `lineno True` is cumulative. */
interface Pair {
  old: string
  new: string
  statistics: Record<string, string[]>
  diff: Record<string, string[]>
}

const KEYS = ['lineno False', 'filename False', 'traceback False', 'lineno True', 'filename True']

let folder: string
let pairs: Pair[]
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-cpython-'))
  pairs = cpython<Pair[]>(['snapshots', seed, '200'])
  for (const side of ['old', 'new'] as const) {
    mkdirSync(join(folder, side))
    for (const [i, pair] of pairs.entries())
      writeFileSync(join(folder, side, nameOf(i)), Buffer.from(pair[side], 'base64'))
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Folders are read by name, so numbers have three digits. */
function nameOf(i: number): string {
  return `${String(i).padStart(3, '0')}.pickle`
}

/** Runs the command on all pairs at once; frames below the rows of tracebacks are left out. */
async function linesOf(command: readonly string[], key: string): Promise<string[]> {
  const [keyType, cumulative] = key.split(' ')
  const mode = cumulative === 'True' ? ['--cumulative=per-frame'] : []
  const args = [...command, '--limit', '0', ...mode, '--group-by', keyType]
  const { status, stdout } = await cli(args, { cwd: folder })
  expect(status).toBe(0)
  const lines = stdout.split('\n')
  return keyType === 'traceback' ? lines.filter(line => !line.startsWith('  File "')) : lines
}

/** The same of CPython, each pair below the name of its file; characters that a terminal would not show are escaped. */
function expected(what: 'statistics' | 'diff', key: string): string[] {
  return pairs.flatMap((pair, i) => [`new/${nameOf(i)}:`, ...pair[what][key].map(line => visible(line)), ''])
}

describe.each(KEYS)('200 random pairs of pickles by %s', key => {
  it('have the same lines in diff', async () => {
    expect(await linesOf(['diff', 'old', 'new'], key)).toEqual(expected('diff', key))
  })

  it('have the same lines in top', async () => {
    expect(await linesOf(['top', 'new'], key)).toEqual(expected('statistics', key))
  })
})
