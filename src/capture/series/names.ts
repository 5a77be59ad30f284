import fs from 'node:fs'
import { sep } from 'node:path'
import { PRIVATE_FOLDER } from '../../bytes/disk.ts'
import { asFileError } from '../../errors.ts'
import { method } from '../agent/unharmed.ts'

// As they are before the program, in which this may run.
const { linkSync, mkdirSync, readdirSync } = fs
const startsWith = method(String.prototype.startsWith)
const slice = method(String.prototype.slice)
const exec = method(RegExp.prototype.exec)
const padStart = method(String.prototype.padStart)
const replace = method(String.prototype.replace as (pattern: RegExp, by: string) => string)

/** Path of a file in a folder. Node 20 makes its `path.join` of what a program may change. */
export function pathIn(dir: string, name: string): string {
  return dir === '.' ? name : dir + (slice(dir, -1) === sep ? '' : sep) + name
}

/** Ending of the files of a capture: the default dump. */
export const DUMP = '.pb.gz'
/** Ending of V8's own profile, kept only where the dump could not be written. */
export const RAW = '.heapprofile'

/** `tracemalloc.<pid>[.<isolate>].0000000001`, without an ending. `isolate` is left out for `main`. */
export function fileStem(label: string, isolate: string, number: number): string {
  return `${filePrefix(label, isolate)}${padStart(`${number}`, 10, '0')}`
}

/** An isolate's name as part of a file's name. */
export function plainName(isolate: string): string {
  return slice(replace(isolate, /[^\p{L}\p{N}_-]+/gu, '-'), 0, 80)
}

/** How the files of an isolate begin. */
export function filePrefix(label: string, isolate: string): string {
  const part = isolate === 'main' ? '' : `${plainName(isolate)}.`
  return `tracemalloc.${label}.${part}`
}

/** The number after the highest in the folder, so a resumed series goes on. */
export function nextNumber(dir: string, label: string, isolate: string): number {
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

/** Path of a file of the series. */
export function filePath(dir: string, label: string, isolate: string, number: number, ending: string) {
  return pathIn(dir, fileStem(label, isolate, number) + ending)
}

/** Gives a whole file the next free number, which a link takes from nobody else. */
export function linkNext(
  file: string,
  dir: string,
  label: string,
  isolate: string,
  ending: string,
): { number: number; path: string } {
  for (;;) {
    const number = nextNumber(dir, label, isolate)
    const path = filePath(dir, label, isolate, number, ending)
    try {
      linkSync(file, path)
      return { number, path }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Makes a folder for snapshots. Throws FileError when there can be none. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: PRIVATE_FOLDER })
  } catch (error) {
    throw asFileError(`make the folder ${dir}`, error)
  }
}
