// The buffers of a file: lent, and written over when they are given back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileSource } from '../../src/bytes/disk.ts'
import { linesOf } from '../../src/bytes/lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-bytes-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a piece is written over as soon as the next one is asked for, and its slice is a copy', async () => {
  const path = join(folder, 'pieces')
  writeFileSync(path, Array.from({ length: 200_000 }, (_, i) => `${i}\n`).join(''))
  let kept: { view: Uint8Array; copy: Uint8Array } | undefined
  let pieces = 0
  for await (const view of fileSource(path).chunks()) {
    if (kept) expect(Buffer.compare(kept.view, kept.copy)).not.toBe(0)
    kept = { view, copy: view.slice() } // of a Buffer this would be another view
    pieces++
  }
  expect(pieces).toBeGreaterThan(3)
  expect(kept && Buffer.compare(kept.view, kept.copy)).not.toBe(0)
})

test('lines that cross the borders of buffers are whole', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    `${i}:`.padEnd(150 + (i % 97), String.fromCharCode(97 + (i % 26))),
  )
  const path = join(folder, 'lines')
  writeFileSync(path, lines.join('\n'))
  const read: string[] = []
  for await (const { text } of linesOf(fileSource(path), 'x')) read.push(text)
  expect(read).toEqual(lines)
})
