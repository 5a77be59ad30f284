// The functions that held the most in the last run of a program, for `--lines=auto`. Also read inside traced
// programs.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { PRIVATE_FILE, removeNow } from '../bytes/disk.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { cacheFolder } from './agent/lines/cache.ts'

const { readFileSync, renameSync, writeFileSync } = fs // as they are before a program that we are loaded into

/** How many functions are kept: that many hold most of what programs hold. */
const MOST = 8

/** Where V8 says that a function starts, both from 1. */
export interface FunctionStart {
  readonly filename: string
  readonly lineno: number
  readonly column: number
}

/** The functions of the last run of a program; none if there was none. */
export function hotFunctions(program: string): FunctionStart[] {
  const path = pathFor(program)
  try {
    return path === undefined ? [] : (JSON.parse(readFileSync(path, 'utf8')) as FunctionStart[])
  } catch {
    return []
  }
}

/**
 * Remembers the functions that hold the most in a program's snapshot. Functions whose lines were measured
 * stay while their file holds anything: the snapshot does not say where they start. Failure is harmless.
 */
export function rememberHot(program: string, snapshot: Snapshot): void {
  const path = pathFor(program)
  if (path === undefined) return
  const known = hotFunctions(program)
  const sizes = new Map<string, { start: FunctionStart; size: number }>()
  for (const { traceback, size } of snapshot.statistics('traceback')) {
    const frame = traceback.frames.findLast(({ filename }) => isFile(filename))
    if (!frame) continue
    const { filename, lineno, column, exact } = frame
    const starts = exact ? known.filter(start => start.filename === filename) : [{ filename, lineno, column }]
    for (const start of starts) {
      const key = `${start.filename}:${start.lineno}:${start.column}`
      const found = sizes.get(key)
      if (found) found.size += size
      else sizes.set(key, { start, size })
    }
  }
  const hot = [...sizes.values()].sort((a, b) => b.size - a.size).slice(0, MOST)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, JSON.stringify(hot.map(({ start }) => start)), { mode: PRIVATE_FILE })
    renameSync(temporary, path)
  } catch {
    removeNow(temporary)
  }
}

/** Neither Node's own, nor V8's built-ins. */
function isFile(filename: string): boolean {
  return filename !== '' && !filename.startsWith('<') && !filename.startsWith('node:')
}

function pathFor(program: string): string | undefined {
  const folder = cacheFolder()
  const name = createHash('sha256').update(program).digest('hex').slice(0, 40)
  return folder === undefined ? undefined : join(folder, `${name}.hot`)
}
