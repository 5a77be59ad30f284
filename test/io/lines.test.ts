import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inPieces, type Line, linesOf } from '../../src/bytes/lines.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'

async function linesIn(bytes: Uint8Array, chunk: number): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of linesOf(bytesSource(bytes, 'x', chunk), 'x')) lines.push(line)
  return lines
}

test('lines, whatever the pieces are', async () => {
  const text = fc
    .array(fc.constantFrom('a', 'é', '🐞', '\n', '\r\n', '\r', ''), { maxLength: 20 })
    .map(parts => parts.join(''))
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom(1, 2, 3, 7, 4096), async (whole, chunk) => {
      const lines = await linesIn(new TextEncoder().encode(whole), chunk)
      const parts = whole.split('\n')
      const rest = parts.pop() as string
      const expected = parts.map(part => part.replace(/\r$/, ''))
      expect(lines.filter(line => line.ended).map(line => line.text)).toEqual(expected)
      expect(lines.filter(line => !line.ended).map(line => line.text)).toEqual(rest === '' ? [] : [rest])
      let offset = 0
      for (const [i, line] of lines.entries()) {
        expect(line.offset).toBe(offset)
        offset += new TextEncoder().encode(parts[i] ?? '').length + 1
      }
    }),
  )
})

test('a buffer that is used again does no harm', async () => {
  const buffer = new Uint8Array(2)
  const source = {
    name: 'x',
    async *chunks() {
      for (const pair of ['ab', 'cd', '\ne']) {
        buffer.set(new TextEncoder().encode(pair))
        yield buffer
      }
    },
  }
  const lines: string[] = []
  for await (const { text } of linesOf(source, 'x')) lines.push(text)
  expect(lines).toEqual(['abcd', 'e'])
})

test('what is no UTF-8 is refused with its place', async () => {
  const bytes = Uint8Array.of(97, 10, 98, 0xe9, 10)
  const error = await linesIn(bytes, 2).catch(e => e)
  expect(error).toBeInstanceOf(FormatError)
  expect([error.code, error.offset]).toEqual(['malformed', 2])
})

test('pieces are large, and nothing gets lost', () => {
  const texts = Array.from({ length: 50_000 }, (_, i) => `${i};`)
  const pieces = [...inPieces(texts)]
  expect(pieces.join('')).toBe(texts.join(''))
  expect(pieces.length).toBeLessThan(10)
  expect([...inPieces([])]).toEqual([])
})
