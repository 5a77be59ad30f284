/** What was measured: still alive at the read, allocated since the start, or alive at the highest heap seen. */
export type Measure = 'live' | 'allocated' | 'peak'

/** Largest sampling interval in bytes that a file may claim; estimates stay within 2^53 with it. */
export const LARGEST_INTERVAL = 2 ** 32

/** Where the sampling interval is known from. */
export type IntervalSource = 'given' | 'recorded' | 'inferred'

/** `stable`: no function was inlined into its caller while V8 sampled; `inlined`: bytes of a row may be an inlined callee's. */
export type Frames = 'stable' | 'inlined'

/** Facts about a snapshot that are not its traces. Unknown facts are left out, never guessed. */
export interface SnapshotMeta {
  /** The converter that read it, or `capture`. */
  source: string
  measure: Measure
  /** `exact`: every block was seen; `sampled`: sizes are estimates of a sampling profiler. */
  accuracy: 'exact' | 'sampled'
  /** `exact`, or `estimated` where blocks are counted from samples. */
  counts: 'exact' | 'estimated'
  /** Sampling interval in bytes. */
  interval?: number
  intervalSource?: IntervalSource
  /** Whose bytes a row's are; left out where nobody has told. */
  frames?: Frames
  /** Bytes between samples of backing stores, of the domain ArrayBuffer; rows of other domains than the heap are exact where absent. */
  bufferInterval?: number
  /** `node`, `chrome`, `deno`, `python`, ... and its version. */
  runtime?: string
  runtimeVersion?: string
  /** Milliseconds since 1970. */
  time?: number
  /** Snapshots with the same session come from one run of one sampler, so their samples pair by ordinal. */
  session?: string
  /** Number of the read within the session, from 0. */
  read?: number
  /** Operating system process id. */
  pid?: number
  /** `main`, `worker 3`, a page's title or address ... */
  isolate?: string
  /** Address of the document that a page showed at the read. */
  document?: string
  /** Name of the snapshot inside a file of several. */
  name?: string
  /** What the target's own counters said at the read, in bytes: rss, heapUsed, external, arrayBuffers, overhead ... */
  memory?: Record<string, number>
  /** Records left out while reading, by reason. */
  skipped?: Record<string, number>
  /** What a user should know about these numbers. */
  notes?: string[]
}

export const DOMAIN = { heap: 0, arrayBuffer: 1, native: 2, code: 3 } as const

const DOMAIN_NAMES = ['JS heap', 'ArrayBuffer', 'native', 'code']

/** Name of a domain: `JS heap`, `ArrayBuffer`, `native`, `code`, or `domain 7`. */
export function domainName(domain: number): string {
  return DOMAIN_NAMES[domain] ?? `domain ${domain}`
}

/** The domain of a number, or of a name (any case, spaces as `-` or left out); undefined where there is none. */
export function parseDomain(text: string): number | undefined {
  const number = /^(?:domain )?(\d+)$/.exec(text)?.[1]
  if (number !== undefined) return Number(number) <= 0xffffffff ? Number(number) : undefined
  const plain = (s: string) => s.toLowerCase().replace(/[\s_-]/g, '')
  const i = DOMAIN_NAMES.findIndex(name => plain(name) === plain(text))
  if (i >= 0) return i
  return plain(text) === 'heap' ? DOMAIN.heap : undefined
}
