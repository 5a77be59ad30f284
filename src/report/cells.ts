// How a value is written for people: one line a kind of value, the same in every command and format.
import { formatCount, formatCounts, formatSigned, formatSize } from '../text/units.ts'

/** Blocks, rounded; NaN = unknown. */
interface Blocks {
  readonly count: number
  readonly change?: number
  readonly estimated: boolean
}

const KINDS = {
  bytes: (n: number) => formatSize(n),
  growth: (n: number) => formatSize(n, true),
  error: (bytes: number | null) => errorText(bytes),
  interval: ({ low, high }: { low: number | null; high: number | null }) => intervalText(low, high),
  blocks: ({ count, change, estimated }: Blocks) => formatCounts(count, change, estimated),
  moreBlocks: ({ count, estimated }: Blocks) => formatCount(count, estimated, true),
  count: String,
  moreOrLess: formatSigned,
  /** A part of the whole, 0 to 1, in percent. */
  share: (part: number) => (part * 100).toFixed(1),
  /** A part of the largest, 0 to 1, as a bar. */
  bar: (part: number) => barText(part),
  p: (p: number | null) => pText(p).replace(/^p=?/, ''),
  /** Steps from a root; null = none leads there. */
  distance: (n: number | null) => (n === null ? '-' : `${n}`),
  /** The id of an object. */
  id: (n: number) => `@${n}`,
  /** A figure with words of ours. */
  figure: String,
  /** A text of the profile. */
  text: String,
  /** Words of ours. */
  words: String,
} satisfies Record<string, (value: never) => string>

export type Kind = keyof typeof KINDS
export type ValueOf<K extends Kind> = Parameters<(typeof KINDS)[K]>[0]

/** Figures of one kind. A value that is undefined leaves its cell empty. */
export type Column<Row> = {
  [K in Kind]: {
    readonly head: string
    readonly kind: K
    value(row: Row): ValueOf<K> | undefined
    /** `wide`: only where lines are long (a terminal); `narrow`: only where they are short (a comment). */
    readonly room?: 'wide' | 'narrow'
    /** Columns that a terminal must have for this one to be shown. */
    readonly from?: number
  }
}[Kind]

export function column<Row, K extends Kind>(
  head: string,
  kind: K,
  value: (row: Row) => ValueOf<K> | undefined,
  room?: Column<Row>['room'],
): Column<Row> {
  return { head, kind, value, room } as Column<Row>
}

/** The cell of a row in a column. Texts of the profile are raw. */
export function cellText<Row>(column: Column<Row>, row: Row): string {
  const value = column.value(row)
  return value === undefined ? '' : (KINDS[column.kind] as (value: unknown) => string)(value)
}

/** Numbers stand right, words left. */
export function isLeft({ kind }: Column<never>): boolean {
  return kind === 'bar' || kind === 'words'
}

/** `±9.1 KiB`: one standard error; `''` where exact or unknown. */
export function errorText(error: number | null): string {
  return error ? `±${formatSize(Math.round(error))}` : ''
}

/** `+1 KiB to +2 KiB`. */
export function intervalText(low: number | null, high: number | null): string {
  if (low === null || high === null) return 'unknown'
  return `${formatSize(Math.round(low), true)} to ${formatSize(Math.round(high), true)}`
}

/** `p=0.0012`, `p<0.0001`. */
export function pText(p: number | null | undefined): string {
  if (p === null || p === undefined) return 'p=unknown'
  return p < 0.0001 ? 'p<0.0001' : `p=${p.toFixed(4)}`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const BAR = 10

function barText(part: number): string {
  const eighths = Math.round(Math.abs(part) * BAR * 8)
  return ('█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]).padEnd(BAR)
}
