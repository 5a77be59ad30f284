import fs from 'node:fs'
import { PRIVATE_FILE, removeNow } from '../../bytes/disk.ts'
import { asFileError } from '../../errors.ts'
import type { SnapshotMeta } from '../../model/meta.ts'
import { method } from '../agent/unharmed.ts'
import type { Blocks } from './extra-blocks.ts'
import { linkNext, pathIn, RAW } from './names.ts'

// As they are before the program, in which this may run.
const { closeSync, fsyncSync, openSync, writeSync } = fs
const { stringify } = JSON
const toBytes = Buffer.from.bind(Buffer)
const ticks = process.hrtime.bigint
const slice = method(String.prototype.slice)

/** A read of one isolate with what is known about it. */
export interface Reading {
  /** V8's profile, as text. */
  profile: string
  /** Middle of its files' names: the process id. */
  label: string
  /** Most frames of a traceback, which V8 before version 14 does not know of. */
  nframe: number
  meta: SnapshotMeta & { isolate: string }
  /** What is alive besides, where V8's sampler does not look. */
  blocks?: readonly Blocks[]
}

/** Member of a raw profile that holds the facts, on a line of its own; other readers skip it. */
const FACTS = '{"tracemalloc":'

/** V8's profile as text, with the facts as its first member. */
export function rawText({ profile, nframe, meta, blocks }: Reading): string {
  return `${FACTS}${stringify({ nframe, meta, blocks })},\n${slice(profile, 1)}`
}

/** The facts of a raw profile; undefined for one that is not ours. */
export function rawFacts(text: string): Pick<Reading, 'nframe' | 'meta' | 'blocks'> | undefined {
  const end = text.indexOf(',\n')
  if (!text.startsWith(FACTS) || end < 0) return undefined
  return JSON.parse(text.slice(FACTS.length, end))
}

/** Node's permission model forbids it. */
function syncFile(file: number): void {
  try {
    fsyncSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error
  }
}

/**
 * Writes V8's profile whole or not at all, before it returns, under the next free number. Throws FileError when the folder
 * cannot be written to.
 */
export function saveRaw(dir: string, reading: Reading): { number: number; path: string } {
  const temporary = pathIn(dir, `.${reading.label}.${ticks()}.tmp`)
  try {
    const file = openSync(temporary, 'wx', PRIVATE_FILE)
    try {
      const bytes = toBytes(rawText(reading))
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      syncFile(file)
    } finally {
      closeSync(file)
    }
    return linkNext(temporary, dir, reading.label, reading.meta.isolate, RAW)
  } catch (error) {
    throw asFileError(`write a snapshot in ${dir}`, error)
  } finally {
    removeNow(temporary)
  }
}
