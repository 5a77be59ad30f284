import { closeSync, fsyncSync, linkSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { TracemallocError } from '../errors.ts'
import { bytesSource } from '../io/source.ts'
import { dumpSnapshots, loadSource } from '../load.ts'
import type { SnapshotMeta } from '../model/meta.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { DUMP, filePath, nextNumber, RAW } from './files.ts'
import type { Profile } from './sampler.ts'

/** A read of one isolate with what is known about it. */
export interface Reading {
  profile: Profile
  meta: SnapshotMeta & { pid: number; isolate: string }
}

/** Member of a raw profile that holds the facts; other readers skip it. */
const FACTS = 'tracemalloc'

/** V8's profile as text, with the facts as its first member. */
export function rawText({ profile, meta }: Reading): string {
  return JSON.stringify({ [FACTS]: meta, ...profile })
}

/** A reading as a snapshot: what the heapprofile converter makes of it, and its facts. */
export async function snapshotOf(reading: Reading): Promise<Snapshot> {
  return parse(JSON.stringify(reading.profile), reading.meta)
}

async function parse(text: string, meta: SnapshotMeta): Promise<Snapshot> {
  const source = bytesSource(Buffer.from(text), 'the profile', 1 << 18)
  const { snapshots } = await loadSource(source, { from: 'heapprofile', interval: meta.interval })
  const { skipped, notes = [] } = snapshots[0].meta
  return snapshots[0].with({ meta: { ...meta, skipped, notes: [...(meta.notes ?? []), ...notes] } })
}

/**
 * Saves a reading as the next file of its series in `dir`: first V8's bytes as they are, so that nothing is lost when the
 * process dies now, then the dump in their place. Returns the path and the snapshot.
 */
export async function save(dir: string, reading: Reading): Promise<{ path: string; snapshot: Snapshot }> {
  const { number, path: raw } = saveRaw(dir, reading)
  const { pid, isolate } = reading.meta
  const path = filePath(dir, pid, isolate, number, DUMP)
  try {
    const snapshot = await snapshotOf(reading)
    await dumpSnapshots([snapshot], path, { exclusive: true })
    unlinkSync(raw)
    return { path, snapshot }
  } catch (error) {
    throw new TracemallocError(`${raw} was kept as it is: ${(error as Error).message}`, { cause: error })
  }
}

/** Writes V8's profile whole or not at all, before it returns, under the next free number. */
export function saveRaw(dir: string, reading: Reading): { number: number; path: string } {
  const { pid, isolate } = reading.meta
  const temporary = join(dir, `.${pid}.${isolate}.${process.hrtime.bigint()}.tmp`)
  try {
    const file = openSync(temporary, 'wx')
    try {
      const bytes = Buffer.from(rawText(reading))
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    for (;;) {
      const number = nextNumber(dir, pid, isolate)
      const path = filePath(dir, pid, isolate, number, RAW)
      try {
        linkSync(temporary, path)
        return { number, path }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  } finally {
    rmSync(temporary, { force: true })
  }
}
