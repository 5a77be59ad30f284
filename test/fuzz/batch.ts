import { constants, gzipSync, inflateRawSync } from 'node:zlib'
import type { Converter } from '../../converters/converter.ts'
import { converters } from '../../converters/index.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { loadSource } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

// One batch: a sample, mutated `count` times, each input read as a user's file would be.

/** CPU milliseconds that an input may take in any case: less cannot be told from the engine's own work. */
const ENGINE = 5

export interface Sample {
  name: string
  format: string
  bytes: Uint8Array
}

export interface Batch {
  /** Index of the sample that is mutated. */
  sample: number
  seed: number
  count: number
  /** Shared with the watcher: [number of the input that is being read]. */
  progress: Int32Array
}

export interface Fault {
  kind: 'error' | 'slow' | 'memory'
  /** Number of the input in its batch. */
  index: number
  what: string
  input: Uint8Array
}

export interface BatchResult {
  refused: number
  accepted: number
  faults: Fault[]
  /** Most of an input, as a multiple of the honest file. */
  slowest: number
  memory: number
}

/** Reads a file by its content or by its format's name; undefined when it is refused. Any other error is thrown. */
async function read(bytes: Uint8Array, from: string | undefined, chunk: number) {
  try {
    const { snapshots } = await loadSource(bytesSource(bytes, 'unknown', chunk), { from })
    snapshots.forEach(checkSnapshot)
    return snapshots
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** What was read can be written by every writer, or is refused by it. */
async function write(snapshots: readonly Snapshot[], converter: Converter): Promise<void> {
  try {
    for (const piece of (await converter.write?.(snapshots, {})) ?? []) if (piece.length < 0) return
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Runs a batch. Input by input: the faults of reading it, and what it took. */
export async function runBatch(
  samples: readonly Sample[],
  { sample, seed, count, progress }: Batch,
): Promise<BatchResult> {
  const { bytes, format } = samples[sample]
  const others = samples.map(other => other.bytes)
  const random = new Random(seed)
  const time = await honestTime(bytes)
  const memory = process.memoryUsage.rss()
  const result: BatchResult = { refused: 0, accepted: 0, faults: [], slowest: 0, memory: 0 }
  for (let index = 0; index < count; index++) {
    Atomics.store(progress, 0, index + 1)
    let input = mutate(bytes, random, others)
    if (random.below(16) === 0) input = mutate(gzipSync(input), random, others)
    const fault = (kind: Fault['kind'], what: string) => result.faults.push({ kind, index, what, input })
    const from = random.below(2) === 0 ? format : undefined
    const chunk = random.pick([1024, 4096, 65536])
    try {
      const { snapshots, taken } = await timed(
        () => read(input, from, chunk),
        time,
        inflatedLength(input) / bytes.length,
      )
      result.slowest = Math.max(result.slowest, taken)
      if (taken > 1) fault('slow', `${taken.toFixed(1)} times what is allowed; honest ${time.toFixed(1)} ms`)
      if (snapshots) result.accepted++
      else result.refused++
      if (snapshots) await write(snapshots, random.pick(converters))
    } catch (error) {
      fault('error', (error as Error).stack ?? String(error))
    }
    if (index % 64 !== 0) continue
    const ratio = process.memoryUsage.rss() / memory
    if (ratio > 2 && ratio > result.memory) fault('memory', `${ratio.toFixed(1)} times the honest file's`)
    result.memory = Math.max(result.memory, ratio)
  }
  return result
}

/** Bytes that are read of an input: of a gzip file, what it inflates to, even if its checksum is damaged. */
function inflatedLength(input: Uint8Array): number {
  if (input[0] !== 0x1f || input[1] !== 0x8b) return input.length
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 << 20 }
    return Math.max(input.length, inflateRawSync(input.subarray(10), options).length)
  } catch {
    return input.length
  }
}

/** CPU milliseconds that the sample itself takes. */
async function honestTime(bytes: Uint8Array): Promise<number> {
  if (!(await read(bytes, undefined, 4096))) throw new Error('the sample itself is refused')
  const times: number[] = []
  const most = bytes.length < 1e6 ? 8 : 2
  for (let i = 0; i < most; i++) times.push(await cpuOf(() => read(bytes, undefined, 4096)))
  return times.sort((a, b) => a - b)[times.length >> 1]
}

/**
 * What reading gave, and its time as a part of what is allowed: ten times the honest file's for as many bytes. What seems
 * slow is tried again, as it may have been the engine's own work.
 */
async function timed<T>(work: () => Promise<T>, honest: number, longer: number) {
  const allowed = 10 * honest * Math.max(1, longer) + ENGINE
  let snapshots: T | undefined
  let taken = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 6 && taken > allowed; tries++) {
    const time = await cpuOf(async () => {
      snapshots = await work()
    })
    taken = Math.min(taken, time)
  }
  return { snapshots, taken: taken / allowed }
}
