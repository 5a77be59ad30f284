// Python's number formatting, exact to the last digit.

/**
 * Python's `'%.0f' % x` (digits 0) and `'%.1f' % x` (digits 1): the exact binary value is rounded half to
 * even. `toFixed` also looks at the exact value but rounds halves up, so only true halves differ.
 */
export function toFixedHalfEven(x: number, digits: 0 | 1): string {
  const magnitude = Math.abs(x)
  const sign = x < 0 || Object.is(x, -0) ? '-' : ''
  const whole = Math.floor(magnitude)
  const fraction = magnitude - whole // exact
  if (digits === 0 && fraction === 0.5) return sign + (whole % 2 === 0 ? whole : whole + 1)
  if (digits === 1 && fraction === 0.25) return `${sign}${whole}.2` // x.25 and x.75 are the only halves a binary fraction can hold
  return sign + magnitude.toFixed(digits)
}

/** CPython's `tracemalloc._format_size`: `100 B`, `50.7 KiB`, `10230 KiB`, `+3985 B`. `size` in bytes. */
export function formatSize(size: number, signed = false): string {
  const plus = signed && !(size < 0 || Object.is(size, -0)) ? '+' : ''
  let value = size
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (Math.abs(value) < 100 && unit !== 'B') return `${plus}${toFixedHalfEven(value, 1)} ${unit}`
    if (Math.abs(value) < 10 * 1024) return `${plus}${toFixedHalfEven(value, 0)} ${unit}`
    value /= 1024
  }
  return `${plus}${toFixedHalfEven(value, Math.abs(value) < 100 ? 1 : 0)} TiB`
}

/** A number of blocks, rounded: `39`, `~39` where it is estimated, `unknown` for NaN. */
export function formatCount(count: number, estimated: boolean, signed = false): string {
  if (Number.isNaN(count)) return 'unknown'
  const whole = Math.round(count)
  return `${estimated ? '~' : ''}${signed ? formatSigned(whole) : whole}`
}

/** The same followed by its change, if any: `39 (+3)`. */
export function formatCounts(count: number, change: number | undefined, estimated: boolean): string {
  const text = formatCount(count, estimated)
  if (change === undefined || Number.isNaN(count)) return text
  return `${text} (${formatCount(change, estimated, true)})`
}

/** `in ~39 blocks`, `in 39 (+3) blocks`, `in an unknown number of blocks`. */
export function inBlocks(count: number, estimated: boolean, change?: number): string {
  if (Number.isNaN(count)) return 'in an unknown number of blocks'
  return `in ${formatCounts(count, change, estimated)} blocks`
}

/** Python's `'%+i'`. */
export function formatSigned(value: number): string {
  return value >= 0 ? `+${value}` : `${value}`
}

/** Orders two strings by code point, as Python does (JavaScript's `<` orders by UTF-16 unit). */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates (D800-DFFF) stand for code points above every unit E000-FFFF.
    const xs = x >= 0xd800 && x <= 0xdfff
    const ys = y >= 0xd800 && y <= 0xdfff
    if (xs !== ys && (xs ? y : x) > 0xdfff) {
      if (xs && isPair(a, i)) return 1
      if (ys && isPair(b, i)) return -1
    }
    if (xs && ys) {
      const xp = isPair(a, i)
      const yp = isPair(b, i)
      if (xp !== yp) return xp ? 1 : -1 // a lone surrogate is its own, lower code point
    }
    return x - y
  }
  return a.length - b.length
}

/** Is the unit at `i` half of a surrogate pair (and so above U+FFFF)? */
function isPair(s: string, i: number): boolean {
  const c = s.charCodeAt(i)
  if (c < 0xdc00) return (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00
  return i > 0 && (s.charCodeAt(i - 1) & 0xfc00) === 0xd800
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes of a text such as `64 KiB`, `1.5 MiB` or `4096`; undefined where it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)\s*$/i.exec(text)
  if (!match) return undefined
  const power =
    match[2] === '' ? 0 : UNITS.findIndex(unit => unit[0].toLowerCase() === match[2][0].toLowerCase())
  return power < 0 ? undefined : Math.round(Number(match[1]) * 1024 ** power)
}
