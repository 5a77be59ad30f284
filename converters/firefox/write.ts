// Writes snapshots as a processed profile that profiler.firefox.com opens.
import { UNKNOWN } from '../../src/model/frame-text.ts'
import { metaJson } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { jsonText } from '../../src/text/escape.ts'
import { merged } from '../../src/transform/merge.ts'

/** The version of the processed profile that is written. */
const VERSION = 60
/** The version of the raw profile that Firefox had then. */
const GECKO_VERSION = 31

export function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  const tables = new Tables()
  const parts = snapshots.map(snapshot => merged(snapshot, { exact: true }).over(tables))
  yield `{"meta":${jsonText(profileMeta(parts))},"libs":[],"pages":[],"shared":{`
  yield* sharedJson(tables)
  yield '},"threads":['
  for (const [i, part] of parts.entries()) {
    if (i > 0) yield ','
    yield* threadJson(part, i)
  }
  yield ']}'
}

function profileMeta(parts: readonly Snapshot[]): object {
  const { runtime, runtimeVersion, time } = parts[0]?.meta ?? {}
  return {
    interval: 1, // milliseconds; there are no samples of time
    startTime: time ?? 0,
    processType: 0,
    product: [runtime ?? 'V8', runtimeVersion].filter(Boolean).join(' '),
    stackwalk: 0,
    version: GECKO_VERSION,
    preprocessedProfileVersion: VERSION,
    importedFrom: 'tracemalloc',
    symbolicated: true,
    symbolicationNotSupported: true,
    usesOnlyOneStackType: true,
    sourceCodeIsNotOnSearchfox: true,
    keepProfileThreadOrder: true,
    initialVisibleThreads: parts.map((_, i) => i),
    extensions: { id: [], name: [], baseURL: [], length: 0 },
    categories: [{ name: 'Other', color: 'grey', subcategories: ['Other'] }],
    markerSchema: [],
    tracemalloc: parts.map(metaJson),
  }
}

/** One table: its columns, then its length. */
function tableJson(columns: Record<string, ArrayLike<unknown>>, length: number): string {
  const members = Object.entries(columns).map(
    ([name, values]) => `"${name}":[${Array.from(values, cell).join()}]`,
  )
  return `{${[...members, `"length":${length}`].join()}}`
}

function cell(value: unknown): string {
  return typeof value === 'string' ? jsonText(value) : String(value)
}

function filled(length: number, value: unknown): unknown[] {
  return new Array(length).fill(value)
}

function* sharedJson(tables: Tables): Iterable<string> {
  const strings: string[] = []
  const stringIds = new Map<string, number>()
  const stringOf = (text: string): number => idOf(stringIds, text, () => strings.push(text))
  const sources: number[] = [] // string ids of file names
  const sourceIds = new Map<number, number>()
  const sourceOf = (file: string): number | null =>
    file === UNKNOWN ? null : idOf(sourceIds, stringOf(file), () => sources.push(stringOf(file)))
  const { functions, funcOf } = functionsOf(tables, stringOf, sourceOf)

  const { frames, stacks } = tables
  const n = frames.length
  const ofExact = (column: Uint32Array, unknown: null | 0) =>
    Array.from({ length: n }, (_, i) => (frames.exact[i] === 1 ? column[i] || unknown : null))
  yield `"stackTable":${tableJson(
    {
      frame: stacks.frame.subarray(1, stacks.length),
      prefix: Array.from(stacks.parent.subarray(1, stacks.length), parent =>
        parent === 0 ? null : parent - 1,
      ),
    },
    stacks.length - 1,
  )},`
  yield `"frameTable":${tableJson(
    {
      address: filled(n, -1),
      inlineDepth: filled(n, 0),
      category: filled(n, 0),
      subcategory: filled(n, 0),
      func: funcOf,
      nativeSymbol: filled(n, null),
      innerWindowID: filled(n, null),
      line: ofExact(frames.lineno, 0),
      column: ofExact(frames.column, null),
    },
    n,
  )},`
  yield `"funcTable":${tableJson(functions, functions.name.length)},`
  yield `"resourceTable":${tableJson({ lib: [], name: [], host: [], type: [] }, 0)},`
  yield `"nativeSymbols":${tableJson({ libIndex: [], address: [], name: [], functionSize: [] }, 0)},`
  yield `"sources":${tableJson({ uuid: filled(sources.length, null), filename: sources }, sources.length)},`
  yield `"stringArray":[${strings.map(text => jsonText(text)).join()}]`
}

/** The functions of all frames, and each frame's. Frames with an exact line share one without a start. */
function functionsOf(
  tables: Tables,
  stringOf: (text: string) => number,
  sourceOf: (file: string) => number | null,
) {
  const { frames } = tables
  const name: number[] = []
  const source: (number | null)[] = []
  const lineNumber: (number | null)[] = []
  const columnNumber: (number | null)[] = []
  const isJS: boolean[] = []
  const ids = new Map<string, number>()
  const funcOf = Array.from({ length: frames.length }, (_, i) => {
    const frame = frames.get(i)
    const lineno = frame.exact ? 0 : frame.lineno
    const column = frame.exact ? 0 : frame.column
    const key = `${frames.functionName[i]} ${frames.filename[i]} ${lineno} ${column}`
    return idOf(ids, key, () => {
      name.push(stringOf(frame.functionName || '(anonymous)'))
      source.push(sourceOf(frame.filename))
      lineNumber.push(lineno || null)
      columnNumber.push(column || null)
      isJS.push(frames.hasFile(i))
    })
  })
  const n = name.length
  return {
    funcOf,
    functions: {
      isJS,
      relevantForJS: filled(n, true),
      name,
      resource: filled(n, -1),
      source,
      lineNumber,
      columnNumber,
    },
  }
}

function idOf<K>(ids: Map<K, number>, key: K, add: () => void): number {
  let id = ids.get(key)
  if (id === undefined) {
    id = ids.size
    ids.set(key, id)
    add()
  }
  return id
}

function* threadJson({ columns, meta }: Snapshot, i: number): Iterable<string> {
  const { stack, size } = columns
  const n = stack.length
  const title = [meta.measure, meta.isolate, meta.name].filter(Boolean).join(' ')
  yield `{"processType":"default","processStartupTime":0,"processShutdownTime":null,"registerTime":0,"unregisterTime":null`
  yield `,"pausedRanges":[],"name":${jsonText(title)},"isMainThread":true,"processName":${jsonText(title)}`
  yield `,"pid":"${meta.pid ?? 0}","tid":${i}`
  yield ',"samples":{"stack":[],"time":[],"weight":null,"weightType":"samples","length":0}'
  yield `,"markers":${tableJson({ data: [], name: [], startTime: [], endTime: [], phase: [], category: [] }, 0)}`
  yield ',"nativeAllocations":{"time":['
  yield filled(n, 0).join()
  yield '],"weight":['
  yield size.join()
  yield '],"weightType":"bytes","stack":['
  yield Array.from(stack, id => (id === 0 ? null : id - 1))
    .map(String)
    .join()
  yield `],"length":${n}}}`
}
