// Names of the files of a series. Also runs inside traced programs.
import fs from 'node:fs'
import { sep } from 'node:path'
import { method } from '../agent/unharmed.ts'

// Taken before a traced program can change them.
const { linkSync, readdirSync } = fs
const startsWith = method(String.prototype.startsWith)
const slice = method(String.prototype.slice)
const exec = method(RegExp.prototype.exec)
const padStart = method(String.prototype.padStart)
const replace = method(String.prototype.replace as (pattern: RegExp, by: string) => string)

/** Path of a file in a folder. Node 20 builds its `path.join` from what a program may change. */
export function pathIn(dir: string, name: string): string {
  return dir === '.' ? name : dir + (slice(dir, -1) === sep ? '' : sep) + name
}

/** Ending of the files of a capture: the default dump. */
export const DUMP = '.pb.gz'
/** Ending of V8's own profile, which is kept only if the dump could not be written. */
export const RAW = '.heapprofile'

/** A file of a series. Its name is `tracemalloc.<label>[.<isolate>].<number><ending>`. */
export interface SeriesFile {
  /** Folder. */
  dir: string
  /** The process id, or what stands for it. */
  label: string
  /** Left out of the name for `main`. */
  isolate: string
  /** From 1. */
  number: number
  ending: string
}

/** An isolate's name as part of a file name. */
export function plainName(isolate: string): string {
  return slice(replace(isolate, /[^\p{L}\p{N}_-]+/gu, '-'), 0, 80)
}

/** The common prefix of an isolate's files. */
export function filePrefix(label: string, isolate: string): string {
  const part = isolate === 'main' ? '' : `${plainName(isolate)}.`
  return `tracemalloc.${label}.${part}`
}

/** The number after the highest in the folder, so that a resumed series goes on. */
export function nextNumber({ dir, label, isolate }: Omit<SeriesFile, 'number' | 'ending'>): number {
  const prefix = filePrefix(label, isolate)
  let last = 0
  const names = readdirSync(dir)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    const number = startsWith(name, prefix) ? exec(/^(\d{10})\./, slice(name, prefix.length)) : null
    if (number) last = Math.max(last, Number(number[1]))
  }
  return last + 1
}

/** Path of a file of a series. */
export function filePath({ dir, label, isolate, number, ending }: SeriesFile): string {
  return pathIn(dir, filePrefix(label, isolate) + padStart(`${number}`, 10, '0') + ending)
}

/** Gives a complete file the next free number; making a link never replaces another file. */
export function linkNext(complete: string, series: Omit<SeriesFile, 'number'>): SeriesFile {
  for (;;) {
    const file = { ...series, number: nextNumber(series) }
    try {
      linkSync(complete, filePath(file))
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
