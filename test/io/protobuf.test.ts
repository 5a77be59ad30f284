import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cursor, MessageWriter, readFields, WIRE } from '../../src/bytes/protobuf.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1),
)

/** A bare varint as protobuf's definition has it, by BigInt. */
function varintOf(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

function cursor(bytes: ArrayLike<number>): Cursor {
  return new Cursor().over(Uint8Array.from(bytes))
}

function refusal(run: () => unknown): FormatError {
  try {
    run()
  } catch (error) {
    return error as FormatError
  }
  throw new Error('it was accepted')
}

describe('numbers', () => {
  it('are written as the definition has it, and read back', () => {
    fc.assert(
      fc.property(safe, value => {
        const bytes = new MessageWriter(1).int(1, value).view()
        expect([...bytes]).toEqual([8, ...varintOf(BigInt(value))])
        const c = cursor(bytes)
        expect(c.next()).toBe(true)
        expect(c.int()).toBe(value)
        expect(c.next()).toBe(false)
      }),
    )
  })

  it('of 64 bits are read whole', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), value => {
        const c = cursor(varintOf(value))
        c.varint()
        expect(BigInt(c.high) * 2n ** 32n + BigInt(c.low)).toBe(value)
        const written = new MessageWriter(1).varint64(c.low, c.high).view()
        expect([...written]).toEqual(varintOf(value))
      }),
    )
  })

  it('of zigzag are small where they are near 0', () => {
    const writer = new MessageWriter()
    for (const value of [0, -1, 1, -2, 2]) writer.sint(value)
    expect([...writer.view()]).toEqual([0, 1, 2, 3, 4])
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), value => {
        const c = cursor(new MessageWriter().sint(value).view())
        c.varint()
        expect(c.sint()).toBe(value)
      }),
    )
  })

  it('beyond 2^53 are refused, not rounded', () => {
    for (const value of [2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 2n ** 60n]) {
      const c = cursor([8, ...varintOf(value)])
      c.next()
      expect(refusal(() => c.uint()).code).toBe('too-large')
      expect(refusal(() => c.int()).code).toBe('too-large')
    }
  })

  it('may be longer than need be, up to ten bytes', () => {
    const c = cursor([0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0])
    c.varint()
    expect([c.low, c.high]).toEqual([1, 0])
    const tooLong = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]
    expect(refusal(() => cursor(tooLong).varint()).code).toBe('malformed')
    const tooLarge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]
    expect(refusal(() => cursor(tooLarge).varint()).code).toBe('malformed')
  })

  it('out of 32 bits are refused with what they are', () => {
    const c = cursor([8, ...varintOf(2n ** 32n)])
    c.next()
    expect(refusal(() => c.uint32('a line')).reason).toBe('a line out of range')
  })
})

describe('a message', () => {
  it.each([
    ['a length past its end', [0x0a, 5, 1]],
    ['a length of 2^63', [0x0a, ...varintOf(2n ** 63n)]],
    ['a varint past its end', [8, 0x80]],
    ['half a fixed64', [9, 1, 2, 3]],
    ['half a fixed32', [0x0d, 1, 2, 3]],
    ['a group', [0x0b]],
    ['wire type 6', [0x0e]],
    ['field 0', [0, 1]],
    ['a field number over 2^29', [...varintOf(2n ** 32n), 1]],
  ])('with %s is malformed', (_, bytes) => {
    const error = refusal(() => cursor(bytes).next())
    expect(error).toBeInstanceOf(FormatError)
    expect([error.code, error.offset]).toEqual(['malformed', 0])
  })

  it('is not entered where it is a number', () => {
    const outer = cursor([8, 1])
    outer.next()
    expect(refusal(() => new Cursor().enter(outer)).code).toBe('malformed')
  })

  it('knows its offset within the file', () => {
    const outer = new Cursor().over(Uint8Array.of(0x0a, 4, 8, 1, 0x10, 0x80), 0, 6, 1000)
    outer.next()
    const inner = new Cursor().enter(outer)
    inner.next()
    expect(inner.offset).toBe(1002)
    expect(refusal(() => inner.next()).offset).toBe(1004)
  })
})

describe('a message in pieces', () => {
  const field = fc.oneof(
    fc.record({ field: fc.integer({ min: 1, max: 2 ** 29 - 1 }), value: safe }),
    fc.record({ field: fc.integer({ min: 1, max: 40 }), value: fc.uint8Array({ maxLength: 300 }) }),
  )

  it('is the same in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(field), fc.integer({ min: 1, max: 200 }), async (fields, size) => {
        const writer = new MessageWriter(4)
        for (const { field, value } of fields) {
          if (typeof value === 'number') writer.int(field, value)
          else writer.bytes(field, value)
        }
        const bytes = writer.take()
        const seen: unknown[] = []
        let offset = 0
        await readFields(bytesSource(bytes, 'x', size), bytes.length, c => {
          expect(c.offset).toBe(offset)
          seen.push({ field: c.field, value: c.wire === WIRE.varint ? c.int() : c.value().slice() })
          offset = c.base + c.at
        })
        expect(seen).toEqual(fields)
        expect(offset).toBe(bytes.length)
      }),
      { numRuns: 200 },
    )
  })

  it('that ends within a field is truncated, at every byte', async () => {
    const bytes = new MessageWriter()
      .bytes(6, new Uint8Array(200))
      .int(12, 2 ** 40)
      .take()
    for (let length = 1; length < bytes.length; length++) {
      if (length === 203) continue // the first field's end
      const error = await readFields(bytesSource(bytes.subarray(0, length)), 1e6, () => {}).catch(e => e)
      expect(error, `${length} bytes`).toBeInstanceOf(FormatError)
      expect([error.code, error.offset]).toEqual(['truncated', length])
    }
  })

  it('is refused when it is longer than allowed, whatever it claims', async () => {
    const claim = Uint8Array.from([0x32, ...varintOf(2n ** 40n), 1, 2, 3])
    const truncated = await readFields(bytesSource(claim, 'x', 3), 1000, () => {}).catch(e => e)
    expect(truncated.code).toBe('truncated')
    const long = await readFields(bytesSource(new Uint8Array(2000), 'x', 100), 1000, () => {}).catch(e => e)
    expect([long.code, long.offset]).toEqual(['malformed', 0])
    const string = new MessageWriter().bytes(6, new Uint8Array(2000)).take()
    const large = await readFields(bytesSource(string, 'x', 100), 1000, () => {}).catch(e => e)
    expect([large.code, large.offset]).toEqual(['too-large', 1000])
  })
})
