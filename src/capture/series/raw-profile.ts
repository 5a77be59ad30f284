// Saves V8's own profile with its metadata, quickly and safely. Also runs inside traced programs.
import fs from 'node:fs'
import { PRIVATE_FILE, removeNow } from '../../bytes/disk.ts'
import { asFileError } from '../../errors.ts'
import type { SnapshotMeta } from '../../model/meta.ts'
import { method } from '../agent/unharmed.ts'
import type { ExtraBlocks } from './extra-blocks.ts'
import { linkNext, pathIn, RAW, type SeriesFile } from './names.ts'

// Taken before a traced program can change them.
const { closeSync, fsyncSync, openSync, writeSync } = fs
const { stringify } = JSON
const toBytes = Buffer.from.bind(Buffer)
const ticks = process.hrtime.bigint
const slice = method(String.prototype.slice)

/** A read of one isolate with what is known about it. */
export interface Reading {
  /** V8's profile, as text. */
  profile: string
  /** Middle part of its files' names: the process id. */
  label: string
  /** Largest number of frames in a traceback, which V8 before version 14 does not limit. */
  nframe: number
  meta: SnapshotMeta & { isolate: string }
  /** Live blocks that V8's sampler does not see. */
  blocks?: readonly ExtraBlocks[]
}

/** Member of a raw profile that holds the metadata, on a line of its own; other readers skip it. */
const META = '{"tracemalloc":'

/** V8's profile as text, with the metadata as its first member. */
function rawText({ profile, nframe, meta, blocks }: Reading): string {
  return `${META}${stringify({ nframe, meta, blocks })},\n${slice(profile, 1)}`
}

/** The metadata of a raw profile; undefined if this library did not write it. */
export function rawMeta(text: string): Pick<Reading, 'nframe' | 'meta' | 'blocks'> | undefined {
  const end = text.indexOf(',\n')
  if (!text.startsWith(META) || end < 0) return undefined
  return JSON.parse(text.slice(META.length, end))
}

/** Node's permission model forbids fsync. */
function syncFile(file: number): void {
  try {
    fsyncSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error
  }
}

/** Writes V8's profile synchronously, whole or not at all, under the next free number. Throws FileError. */
export function saveRaw(dir: string, reading: Reading): SeriesFile {
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
    const { label, meta } = reading
    return linkNext(temporary, { dir, label, isolate: meta.isolate, ending: RAW })
  } catch (error) {
    throw asFileError(`write a snapshot in ${dir}`, error)
  } finally {
    removeNow(temporary)
  }
}
