// The report of `annotate`: the lines of functions with what each has allocated, in front of their source.
import { Frame } from '../model/frame.ts'
import { allocationFrames } from '../model/grouping/keys.ts'
import { fileName } from '../model/names/file-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isStart, lineNotes } from '../statistics/line-notes.ts'
import { emptyNotes } from '../statistics/little.ts'
import { formatCount, formatSize } from '../text/units.ts'
import { cutEnd } from '../text/width.ts'
import { column } from './cells.ts'
import { cut, type Report, type Table } from './report.ts'
import { blocksJson } from './rows.ts'

/** The lines of a file, or why there are none. */
export type SourceOf = (filename: string) => { lines?: readonly string[]; note?: string } | undefined

interface Amount {
  size: number
  /** NaN = unknown. */
  count: number
}

interface Line extends Amount {
  lineno: number
  /** Allocated at the line and in what it calls. */
  total: number
  /** Is it only known to be of the function that starts here? */
  isStart: boolean
  sizeDiff?: number
  countDiff?: number
  text?: string
}

interface FunctionLines extends Amount {
  filename: string
  functionName: string
  /** Where it starts; 0 = unknown. */
  start: number
  total: number
  sizeDiff?: number
  /** In order; a gap is left out. */
  lines: readonly Line[]
}

interface AnnotateView {
  functions: readonly FunctionLines[]
  hidden: number
  whole: number
  estimated: boolean
  isDiff: boolean
  hasText: boolean
  notes: readonly string[]
}

interface AnnotateOptions {
  /** Most functions; 0 = all. */
  limit: number
  isWanted(filename: string, functionName: string): boolean
  /** Undefined: no source was named. */
  source: SourceOf | undefined
}

/** Lines of source around those with figures. */
const AROUND = 2
/** Longest part of a line, in columns: a minified script can be a single line. */
const LONGEST = 200

/** The functions that hold most, or changed most since `old`, with their lines. */
export function annotateView(
  now: Snapshot,
  old: Snapshot | undefined,
  options: AnnotateOptions,
): AnnotateView {
  const before = old?.over(now.tables)
  const functions = new Functions(now, before).list.filter(f => options.isWanted(f.filename, f.functionName))
  const shown = cut(functions, options.limit)
  const notes = new Set<string>(emptyNotes(old ? [now, old] : [now]))
  const listed = shown.map(one => {
    const source = options.source?.(one.filename)
    if (source?.note !== undefined) notes.add(source.note)
    const last = one.lines.at(-1)?.lineno ?? 0
    const { lines } = source ?? {}
    if (lines && last > lines.length)
      notes.add(`${one.filename} has ${lines.length} lines, and line ${last} allocated: it has changed since`)
    return lines ? { ...one, lines: withText(one, lines) } : one
  })
  const frames = shown.flatMap(({ filename, lines }) =>
    lines.map(({ lineno, isStart }) => new Frame(filename, lineno, '', 0, !isStart)),
  )
  const hasText = options.source !== undefined
  if (shown.length === 0) notes.add(NONE)
  else if (!hasText) notes.add(NO_SOURCE)
  for (const note of lineNotes(old ? [now, old] : [now], frames, '+ after a line')) notes.add(note)
  return {
    functions: listed,
    hidden: functions.length - shown.length,
    whole: now.total.size,
    estimated: [now, old].some(s => s?.meta.counts === 'estimated'),
    isDiff: old !== undefined,
    hasText,
    notes: [...notes],
  }
}

const NONE = 'no function that has lines is left to show'
const NO_SOURCE =
  'no source is shown: --sources names the folder that it is in (by default the working folder), --file a file'

/** The lines of a function with their text, and those around them. */
function withText({ lines, start }: FunctionLines, texts: readonly string[]): Line[] {
  const figures = new Map<number, Line[]>()
  for (const line of lines) figures.set(line.lineno, [...(figures.get(line.lineno) ?? []), line])
  const shown = new Set<number>()
  for (const lineno of start > 0 ? [start, ...figures.keys()] : figures.keys())
    for (let k = lineno - AROUND; k <= lineno + AROUND; k++)
      if (k >= 1 && (start === 0 || k >= start) && (k <= texts.length || figures.has(k))) shown.add(k)
  return [...shown]
    .sort((a, b) => a - b)
    .flatMap(lineno => {
      const text = cutEnd((texts[lineno - 1] ?? '').replaceAll('\t', '  ').trimEnd(), LONGEST)
      const own = figures.get(lineno) ?? [{ lineno, size: 0, count: 0, total: 0, isStart: false }]
      return own.map(line => ({ ...line, text }))
    })
}

/** Adds up rows by function and line. */
class Functions {
  readonly #now: Snapshot
  readonly #byKey = new Map<string, { one: FunctionLines; lines: Map<number, Line> }>()
  /** Of each frame that has a line. */
  readonly #lineOf = new Map<number, { one: FunctionLines; line: Line }>()

  constructor(now: Snapshot, old: Snapshot | undefined) {
    this.#now = now
    this.#add(now, 1, old !== undefined)
    if (old) this.#add(old, -1, true)
  }

  /** The heaviest first, or those that changed most. */
  get list(): FunctionLines[] {
    const weight = (one: FunctionLines) => Math.abs(one.sizeDiff ?? one.size)
    return [...this.#byKey.values()]
      .map(({ one, lines }) => ({
        ...one,
        lines: [...lines.values()].sort((a, b) => placeOf(a) - placeOf(b)),
      }))
      .filter(({ lines }) => lines.some(line => line.size !== 0 || line.sizeDiff))
      .sort((a, b) => weight(b) - weight(a) || b.total - a.total)
  }

  /** Adds the rows of one snapshot: 1 the new, -1 the old, which only counts in differences. */
  #add({ columns, length, tables }: Snapshot, sign: 1 | -1, isDiff: boolean): void {
    const { stacks } = tables
    const sizes = new Map<number, Amount>()
    for (let row = 0; row < length; row++) {
      const sum = sizes.get(columns.stack[row])
      if (sum) {
        sum.size += columns.size[row]
        sum.count += columns.count[row]
      } else sizes.set(columns.stack[row], { size: columns.size[row], count: columns.count[row] })
    }
    const allocation = allocationFrames(tables)
    for (const [stack, { size, count }] of sizes) {
      if (stack === 0) continue
      const own = this.#at(allocation[stack])
      for (const to of own ? [own.one, own.line] : []) {
        if (isDiff) to.sizeDiff = (to.sizeDiff ?? 0) + sign * size
        if (isDiff && 'countDiff' in to) to.countDiff = (to.countDiff ?? 0) + sign * count
        if (sign < 0) continue
        to.size += size
        to.count += count
      }
      if (sign < 0) continue
      const counted = new Set<object>() // recursion counts once
      for (let s = stack; s > 0; s = stacks.parent[s]) {
        const at = this.#at(stacks.frame[s])
        for (const to of at ? [at.one, at.line] : []) {
          if (counted.has(to)) continue
          counted.add(to)
          to.total += size
        }
      }
    }
  }

  #at(frameId: number): { one: FunctionLines; line: Line } | undefined {
    const known = this.#lineOf.get(frameId)
    if (known) return known
    const { frames } = this.#now.tables
    const frame = frames.get(frameId)
    if (frame.lineno === 0 || !frames.hasFile(frameId)) return undefined
    const start = frames.startOf(frameId)
    const key = JSON.stringify([frame.filename, frame.functionName, start.line, start.column])
    let of = this.#byKey.get(key)
    if (!of) {
      const { functionName } = frame
      const filename = fileName(frame.filename)
      const one = { filename, functionName, start: start.line, size: 0, count: 0, total: 0, lines: [] }
      this.#byKey.set(key, (of = { one, lines: new Map() }))
    }
    const place = { lineno: frame.lineno, isStart: isStart(frame) }
    let line = of.lines.get(placeOf(place))
    if (!line) {
      line = { ...place, size: 0, count: 0, total: 0, countDiff: undefined }
      of.lines.set(placeOf(place), line)
    }
    const at = { one: of.one, line }
    this.#lineOf.set(frameId, at)
    return at
  }
}

/** What is only known to be of a function stands before what its first line itself allocates. */
function placeOf({ lineno, isStart }: Pick<Line, 'lineno' | 'isStart'>): number {
  return lineno * 2 + (isStart ? 0 : 1)
}

export function annotateReport(view: AnnotateView): Report {
  return {
    schema: 'tracemalloc.annotate/1',
    document: () => ({
      total: view.whole,
      hidden: view.hidden,
      functions: view.functions.map(one => ({
        filename: one.filename,
        function: one.functionName,
        lineno: one.start,
        size: one.size,
        count: blocksJson(one.count),
        total: one.total,
        ...(view.isDiff ? { sizeDiff: one.sizeDiff ?? 0 } : {}),
        lines: one.lines.map(line => lineJson(line, view)),
      })),
      ...(view.notes.length > 0 ? { notes: view.notes } : {}),
    }),
    *records() {
      for (const { filename, functionName, lines } of view.functions)
        for (const line of lines) yield { filename, function: functionName, ...lineJson(line, view) }
    },
    *lines() {
      for (const [i, one] of view.functions.entries()) {
        if (i > 0) yield ''
        yield `${nameOf(one)}: ${figuresOf(one, view)}`
        let last = one.lines[0]?.lineno ?? 0
        for (const line of one.lines) {
          if (line.lineno > last + 1) yield `${' '.repeat(FIGURES)}...`
          yield textOf(line, view)
          last = line.lineno
        }
      }
    },
    notes: view.notes,
    tables:
      view.functions.length === 0
        ? [{ name: { head: 'line', text: String, is: 'text' }, columns: [], rows: [], notes: view.notes }]
        : view.functions.map((one, i) => tableOf(one, view, i === view.functions.length - 1)),
  }
}

function lineJson(line: Line, { isDiff }: AnnotateView): Record<string, unknown> {
  const { lineno, isStart, size, count, total, sizeDiff = 0, countDiff = 0, text } = line
  return {
    lineno,
    exact: !isStart,
    size,
    count: blocksJson(count),
    total,
    ...(isDiff ? { sizeDiff, countDiff: blocksJson(countDiff) } : {}),
    ...(text === undefined ? {} : { text }),
  }
}

function nameOf({ filename, functionName, start }: FunctionLines): string {
  return `${functionName || (start > 0 ? '(anonymous)' : '')} (${filename}${start > 0 ? `:${start}` : ''})`.trimStart()
}

function figuresOf({ size, count, total, sizeDiff }: FunctionLines, view: AnnotateView): string {
  const growth = view.isDiff ? ` (${formatSize(sizeDiff ?? 0, true)})` : ''
  return `size=${formatSize(size)}${growth}, count=${formatCount(count, view.estimated)}, with calls=${formatSize(total)}`
}

/** Width of the figures in front of a line of text. */
const FIGURES = 42

/** Figures at a fixed width, the line, its source. */
function textOf(line: Line, view: AnnotateView): string {
  const [first, second, third, fourth] = cellsOf(line, view)
  const figures = `${first.padStart(10)} ${second.padStart(6)} ${third.padStart(9)} ${fourth.padStart(10)}`
  return `${figures.padEnd(FIGURES)}${sourceText(line)}`
}

/** What is in front of a line: bytes, share, blocks, bytes with calls; of a difference growth and bytes. */
function cellsOf(line: Line, { whole, estimated, isDiff }: AnnotateView): string[] {
  const { size, count, total, sizeDiff = 0 } = line
  const bytes = (n: number) => (n === 0 ? '' : formatSize(n))
  const share = size === 0 || whole === 0 ? '' : `${((100 * size) / whole).toFixed(1)}%`
  const blocks = size === 0 ? '' : formatCount(count, estimated)
  if (!isDiff) return [bytes(size), share, blocks, bytes(total)]
  return [sizeDiff === 0 ? '' : formatSize(sizeDiff, true), share, blocks, bytes(size)]
}

/** `  12  text`; a `+` after the number: it is only known to be of the function that starts there. */
function sourceText({ lineno, isStart, text }: Line): string {
  return `${`${lineno}${isStart ? '+' : ' '}`.padStart(7)} ${text ?? ''}`.trimEnd()
}

function tableOf(one: FunctionLines, view: AnnotateView, isLast: boolean): Table<Line> {
  const heads = view.isDiff ? ['growth', '%', 'count', 'size'] : ['size', '%', 'count', 'with calls']
  return {
    title: { name: nameOf(one), words: figuresOf(one, view) },
    name: { head: 'line', text: sourceText, is: 'text' },
    columns: heads.map((head, i) => column(head, 'figure', line => cellsOf(line, view)[i])),
    rows: one.lines,
    notes: isLast ? [...(view.hidden > 0 ? [hiddenNote(view.hidden)] : []), ...view.notes] : [],
  }
}

function hiddenNote(hidden: number): string {
  return `${hidden} more function${hidden === 1 ? ' is' : 's are'} not shown (--limit 0 shows all)`
}
