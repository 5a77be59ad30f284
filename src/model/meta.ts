// Metadata of a snapshot: what was measured, how, where and when.

/** What was measured: blocks alive at the read, allocated since the start, or alive at the heap's peak. */
export type Measure = 'live' | 'allocated' | 'peak'

/** Largest sampling interval in bytes accepted from a file; it keeps estimates within 2^53. */
export const LARGEST_INTERVAL = 2 ** 32

/** How the sampling interval is known. */
type IntervalSource = 'given' | 'recorded' | 'inferred'

/** `stable`: V8 inlined no function; `inlined`: a row's bytes may be those of an inlined callee. */
export type FrameStability = 'stable' | 'inlined'

/** What is known about a snapshot besides its traces. Unknown fields are left out, never guessed. */
export interface SnapshotMeta {
  /** The converter that read it, or `capture`. */
  source: string
  measure: Measure
  /** `exact`: every block was seen; `sampled`: sizes are estimates of a sampling profiler. */
  accuracy: 'exact' | 'sampled'
  /** `estimated` if the numbers of blocks are inferred from samples. */
  counts: 'exact' | 'estimated'
  /** Sampling interval in bytes. */
  interval?: number
  intervalSource?: IntervalSource
  /** Whether inlining may have moved bytes between rows; left out if unknown. */
  frames?: FrameStability
  /** Sampling interval in bytes of backing stores. If absent, rows outside the JS heap are exact. */
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
  /** `main`, `worker 3`, a page's title or URL ... */
  isolate?: string
  /** URL of the document that the page showed at the read. */
  document?: string
  /** Name of the snapshot in a file that holds several. */
  name?: string
  /** The target's own counters at the read, in bytes: rss, heapUsed, external, arrayBuffers, overhead ... */
  memory?: Record<string, number>
  /** Records left out while reading, by reason. */
  skipped?: Record<string, number>
  /** What the user should know about these numbers. */
  notes?: string[]
  /** What the program attached to the snapshot before its dump: JSON values by name. */
  attributes?: Record<string, unknown>
}

export const DOMAIN = { heap: 0, arrayBuffer: 1, native: 2, code: 3 } as const

const DOMAIN_NAMES = ['JS heap', 'ArrayBuffer', 'native', 'code']

/** Name of a domain: `JS heap`, `ArrayBuffer`, `native`, `code`, or `domain 7`. */
export function domainName(domain: number): string {
  return DOMAIN_NAMES[domain] ?? `domain ${domain}`
}

/** The domain with this number or name (any case; spaces may be `-` or left out), if there is one. */
export function parseDomain(text: string): number | undefined {
  const number = /^(?:domain )?(\d+)$/.exec(text)?.[1]
  if (number !== undefined) return Number(number) <= 0xffffffff ? Number(number) : undefined
  const plain = (s: string) => s.toLowerCase().replace(/[\s_-]/g, '')
  const i = DOMAIN_NAMES.findIndex(name => plain(name) === plain(text))
  if (i >= 0) return i
  return plain(text) === 'heap' ? DOMAIN.heap : undefined
}
