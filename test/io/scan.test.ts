import { describe, expect, it } from 'vitest'
import {
  AT,
  PIECE,
  type Scanner,
  STOP,
  TAIL,
  typescriptScanner,
  wasmScanner,
} from '../../src/heapsnapshot/scan.ts'

const scanners = () => [wasmScanner(), typescriptScanner()]

function scan(scanner: Scanner, text: string, at = 0) {
  const bytes = new TextEncoder().encode(text)
  scanner.input.set(bytes, TAIL)
  const length = scanner.numbers(TAIL, TAIL + bytes.length, at)
  return { numbers: [...scanner.output.subarray(at, length)], next: scanner.next - TAIL, stop: scanner.stop }
}

function quotes(scanner: Scanner, text: string, state: number = AT.first) {
  const bytes = new TextEncoder().encode(text)
  scanner.input.set(bytes, TAIL)
  const count = scanner.strings(TAIL, TAIL + bytes.length, state)
  const places = [...scanner.output.subarray(0, count)].map(p => p - TAIL)
  return { places, next: scanner.next - TAIL, stop: scanner.stop, state: scanner.state }
}

/** Any of the characters, pseudo-random but the same in every run. */
function texts(characters: string, count: number): string[] {
  let seed = 1
  const next = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % n
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(60) }, () => characters[next(characters.length)]).join(''),
  )
}

describe('the WebAssembly kernel', () => {
  it('gives the same as the TypeScript one for any numbers', () => {
    const [wasm, plain] = scanners()
    const inputs = texts('0123456789,,,, \n]-.x', 3000).flatMap(text => [`${text},`, `${text}]`])
    expect(inputs.map(text => scan(wasm, text))).toEqual(inputs.map(text => scan(plain, text)))
  })

  it('gives the same as the TypeScript one for any strings', () => {
    const [wasm, plain] = scanners()
    const inputs = texts('"""\\ab,, \n]', 1500).flatMap(text =>
      Object.values(AT).map(state => ({ text, state })),
    )
    const all = (scanner: Scanner) => inputs.map(({ text, state }) => quotes(scanner, text, state))
    expect(all(wasm)).toEqual(all(plain))
  })
})

describe.each(scanners().map(s => [s.name, s] as const))('%s', (_, scanner) => {
  it('reads numbers and stops behind the array', () => {
    expect(scan(scanner, '0,1 ,\n22\n,999999999]"')).toEqual({
      numbers: [0, 1, 22, 999999999],
      next: 20,
      stop: STOP.closed,
    })
    expect(scan(scanner, '7,8,', 3)).toEqual({ numbers: [7, 8], next: 4, stop: STOP.end })
  })

  it('leaves ten digits to the caller', () => {
    expect(scan(scanner, '1,4294967295,2,')).toEqual({ numbers: [1], next: 2, stop: STOP.long })
  })

  it.each([
    ['1,,2,', 2],
    ['1 2,', 2],
    ['-1,', 0],
    ['1.5,', 1],
    ['1,]', 2],
    ['1e5,', 1],
    ['"1",', 0],
  ])('stops at the wrong byte of %s', (text, next) => {
    expect(scan(scanner, text)).toMatchObject({ next, stop: STOP.bad })
  })

  it('has room for a piece of the shortest values', () => {
    scanner.input.set(new TextEncoder().encode('1,'.repeat((TAIL + PIECE) / 2)))
    expect(scanner.numbers(0, TAIL + PIECE, 64)).toBe(64 + (TAIL + PIECE) / 2)
    scanner.input.set(new TextEncoder().encode('"",'.repeat(PIECE / 3)), TAIL)
    expect(scanner.strings(TAIL, TAIL + PIECE - 1, AT.first)).toBe(Math.floor(PIECE / 3) * 2)
  })

  it('finds the quotes around escapes', () => {
    expect(quotes(scanner, '"a\\"b","\\\\", "]"]x')).toEqual({
      places: [0, 5, 7, 10, 13, 15],
      next: 17,
      stop: STOP.closed,
      state: AT.after,
    })
  })
})
