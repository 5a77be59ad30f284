// Settings of the sampler and of a traced process, checked, and their form as environment variables.
import { UsageError } from '../../errors.ts'
import { MAX_NFRAME } from '../../inspector/unsafe-commands.ts'
import { HINTS, type Hint } from '../../text/hints.ts'
import { nearest } from '../nearest.ts'

export { MAX_NFRAME }

/** What is measured: blocks alive at a read, blocks allocated since the start, or every live block. */
export type Mode = 'live' | 'allocated' | 'exact'

/** Modes of the sampling profiler. */
export const MODES: readonly Mode[] = ['live', 'allocated', 'exact']

/** Bytes between samples. Few object sizes share an estimate at this interval, so blocks can be counted. */
export const DEFAULT_INTERVAL = 40320

/** Longest time for one of Node's timers, in seconds: a longer one fires at once. */
export const LONGEST_TIME = 2_147_483

/** Settings of V8's sampler. */
export interface SamplerSettings {
  /** Mean number of bytes between samples; 1 = every block. */
  interval: number
  /** Largest number of frames in a traceback, 1 to 128. */
  nframe: number
  mode: Mode
}

/** Checks every value before V8 sees it: some kill the target. Throws UsageError. */
export function samplerSettings(options: Partial<SamplerSettings> = {}): SamplerSettings {
  const { mode = 'live', nframe = MAX_NFRAME } = options
  if (!MODES.includes(mode)) throw new UsageError(`no mode '${mode}'`, { hint: `modes: ${MODES.join(', ')}` })
  const interval = options.interval ?? (mode === 'exact' ? 1 : DEFAULT_INTERVAL)
  if (!Number.isSafeInteger(interval) || interval < 1) {
    throw new UsageError(`the interval must be a whole number of bytes of at least 1, not ${interval}`)
  }
  if (mode === 'exact' && interval !== 1)
    throw new UsageError('--mode exact has interval 1: leave out --interval')
  if (!Number.isSafeInteger(nframe) || nframe < 1 || nframe > MAX_NFRAME) {
    throw new UsageError(`the number of frames must be in range [1; ${MAX_NFRAME}], not ${nframe}`)
  }
  return { interval, nframe, mode }
}

/** Parameters of `HeapProfiler.startSampling`. */
export function startParameters({ interval, nframe, mode }: SamplerSettings): object {
  const all = mode === 'allocated'
  return {
    samplingInterval: interval,
    stackDepth: nframe,
    includeObjectsCollectedByMajorGC: all,
    includeObjectsCollectedByMinorGC: all,
  }
}

/** What a traced process receives through its environment. */
export interface Settings extends SamplerSettings {
  /** Folder for snapshot files; none are written without it. */
  dir?: string
  /** The `run` that waits for the files, by `identityOf`: none are written after it has ended. */
  parent?: string
  /** Seconds between snapshots; absent for none in between. */
  every?: number
  /** How many of those; absent for no limit. */
  count?: number
  /** Keep the snapshot of the largest heap seen. */
  peak: boolean
  /** Trace worker threads too. */
  workers: boolean
  /** Trace child processes too, if they run Node with the same options. */
  children: boolean
  /** Keep V8 from inlining functions and folding allocations, which move bytes to other functions. */
  stableFrames: boolean
  /** Also sample the backing stores of ArrayBuffers and Buffers. */
  buffers: boolean
  /** Files whose lines are measured: `own`, `all`, `auto` or a pattern; absent for functions only. */
  lines?: string
}

/**
 * Reads `TRACEMALLOC` (frames; empty and `0` mean off, as for PYTHONTRACEMALLOC) and `TRACEMALLOC_INTERVAL`,
 * `_MODE`, `_DIR`, `_EVERY`, `_COUNT`, `_PEAK`, `_WORKERS`, `_CHILDREN`, `_STABLE_FRAMES`, `_BUFFERS`,
 * `_LINES`.
 * Undefined if tracing is off. Throws UsageError for an invalid value.
 */
export function settingsFromEnv(env: Record<string, string | undefined>): Settings | undefined {
  const { TRACEMALLOC: nframe, TRACEMALLOC_DIR: dir, TRACEMALLOC_MODE: mode } = env
  if (nframe !== undefined) {
    // What C's strtol accepts, and so CPython: leading spaces and a sign.
    if (
      nframe !== '' &&
      !(/^\s*[+-]?\d+$/.test(nframe) && Number(nframe) >= 0 && Number(nframe) <= MAX_NFRAME)
    ) {
      throw new UsageError(`TRACEMALLOC=${nframe}: invalid number of frames`, {
        hint: `use 1 to ${MAX_NFRAME}, or 0 for off`,
      })
    }
    if (Number(nframe) === 0) return undefined
  }
  return {
    ...samplerSettings({
      nframe: nframe ? Number(nframe) : undefined,
      interval: numberOf(env, 'TRACEMALLOC_INTERVAL', 1, true),
      mode: mode ? (mode as Mode) : undefined,
    }),
    dir: dir || undefined,
    parent: env.TRACEMALLOC_PARENT || undefined,
    every: numberOf(env, 'TRACEMALLOC_EVERY', 0.001, false, LONGEST_TIME),
    count: numberOf(env, 'TRACEMALLOC_COUNT', 1, true),
    peak: switchOf(env, 'TRACEMALLOC_PEAK', false),
    workers: switchOf(env, 'TRACEMALLOC_WORKERS', true),
    children: switchOf(env, 'TRACEMALLOC_CHILDREN', true),
    stableFrames: switchOf(env, 'TRACEMALLOC_STABLE_FRAMES', true),
    buffers: switchOf(env, 'TRACEMALLOC_BUFFERS', false),
    lines: linesOf(env.TRACEMALLOC_LINES),
  }
}

/** Variables that this package reads. */
const NAMES = [
  ...[
    'INTERVAL',
    'MODE',
    'DIR',
    'EVERY',
    'COUNT',
    'PEAK',
    'WORKERS',
    'CHILDREN',
    'STABLE_FRAMES',
    'BUFFERS',
    'LINES',
  ],
  ...['PARENT', 'OWNER'],
].map(name => `TRACEMALLOC_${name}`)

/** Variables that look like settings and are none. */
export function unknownVariables(env: Record<string, string | undefined>): Hint[] {
  const unknown = Object.keys(env).filter(name => name.startsWith('TRACEMALLOC_') && !NAMES.includes(name))
  const known = NAMES.slice(0, -2)
  return unknown.map(name =>
    HINTS.unknownName({ name, nearest: nearest(name, known), known: known.join(', ') }),
  )
}

/** The same settings as environment variables. */
export function settingsToEnv(settings: Settings): Record<string, string> {
  const {
    nframe,
    interval,
    mode,
    dir,
    parent,
    every,
    count,
    peak,
    workers,
    children,
    stableFrames,
    buffers,
    lines,
  } = settings
  const onOff = (value: boolean) => (value ? '1' : '0')
  return {
    TRACEMALLOC: String(nframe),
    TRACEMALLOC_INTERVAL: String(interval),
    TRACEMALLOC_MODE: mode,
    TRACEMALLOC_DIR: dir ?? '',
    TRACEMALLOC_PARENT: parent ?? '',
    TRACEMALLOC_EVERY: String(every ?? ''),
    TRACEMALLOC_COUNT: String(count ?? ''),
    TRACEMALLOC_PEAK: onOff(peak),
    TRACEMALLOC_WORKERS: onOff(workers),
    TRACEMALLOC_CHILDREN: onOff(children),
    TRACEMALLOC_STABLE_FRAMES: onOff(stableFrames),
    TRACEMALLOC_BUFFERS: onOff(buffers),
    TRACEMALLOC_LINES: lines ?? '0',
  }
}

/** Without it, or with 0, functions only; 1 stands for the program's own files. */
function linesOf(text: string | undefined): string | undefined {
  if (!text || text === '0') return undefined
  return text === '1' ? 'own' : text
}

function numberOf(
  env: Record<string, string | undefined>,
  name: string,
  least: number,
  whole: boolean,
  most = Number.MAX_SAFE_INTEGER,
) {
  const text = env[name]
  if (!text) return undefined
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value < least || value > most || (whole && !Number.isInteger(value))) {
    const limit = value > most ? `at most ${most}` : `at least ${least}`
    throw new UsageError(`${name}=${text}: expected a ${whole ? 'whole ' : ''}number of ${limit}`)
  }
  return value
}

function switchOf(env: Record<string, string | undefined>, name: string, unset: boolean): boolean {
  const text = env[name]
  if (!text) return unset
  if (text !== '0' && text !== '1') throw new UsageError(`${name}=${text}: expected 0 or 1`)
  return text === '1'
}
