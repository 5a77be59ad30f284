// Rewritten files on disk, by what they were made from. A full, read-only or shared disk is silent and
// harmless: what cannot be read is made again.
import { createHash, type Hash } from 'node:crypto'
import fs from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../../bytes/disk.ts'
import { pathIn } from '../../series/names.ts'
import { method } from '../unharmed.ts'
import type { Answer, Question } from './question.ts'

// Taken before the program can change them.
const { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = fs
const { parse, stringify } = JSON
const newHash = createHash
const getuid = process.getuid?.bind(process)
const ticks = process.hrtime.bigint
const update = method(
  Object.getPrototypeOf(createHash('sha256')).update as (this: Hash, text: string) => Hash,
)
const digest = method(Object.getPrototypeOf(createHash('sha256')).digest as (this: Hash, as: 'hex') => string)
const indexOf = method(String.prototype.indexOf as (text: string) => number)
const slice = method(String.prototype.slice)
const { isWellFormed: of } = String.prototype as unknown as { isWellFormed(this: string): boolean }
const isWellFormed = method(of)

/** Bytes that the folder may hold; more is deleted, oldest first, until half of it is left. */
const MOST_BYTES = 256 * 2 ** 20

/** The folder of this user; undefined if there is none that only this user can write to. */
export function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  const user = getuid?.() ?? ''
  const places = [
    XDG_CACHE_HOME && join(XDG_CACHE_HOME, 'tracemalloc'),
    LOCALAPPDATA && join(LOCALAPPDATA, 'tracemalloc'),
    join(homedir(), '.cache', 'tracemalloc'),
    join(tmpdir(), `tracemalloc-${user}`),
  ]
  for (const place of places) {
    if (!place) continue
    try {
      mkdirSync(place, { recursive: true, mode: PRIVATE_FOLDER })
      if (isPrivate(place)) return place
    } catch {} // the next place may do
  }
  return undefined
}

/** A folder that others can write to could hold code of theirs. */
function isPrivate(folder: string): boolean {
  const { uid, mode } = lstatSync(folder)
  return (
    lstatSync(folder).isDirectory() && (getuid === undefined || (uid === getuid() && (mode & 0o022) === 0))
  )
}

/** What the rewriter is: its answers change with its files, and with those of the parser it uses. */
function version(): string {
  const folder = fileURLToPath(new URL('../../../lines/', import.meta.url))
  const files = readdirSync(folder).map(name => {
    const { size, mtimeMs } = lstatSync(join(folder, name))
    return `${name} ${size} ${mtimeMs}`
  })
  return `${process.versions.node}\n${files.join('\n')}\n`
}

let made: string | undefined

/** The name of the answer to a question. */
export function nameOf(question: Question): string {
  made ??= version()
  const { source, ...rest } = question
  const hash = newHash('sha256')
  update(hash, made)
  update(hash, `${stringify(rest)}\n`)
  update(hash, source)
  return `${slice(digest(hash, 'hex'), 0, 40)}.js`
}

/** The answer on disk, if it is there. */
export function readAnswer(folder: string, name: string): Answer | undefined {
  try {
    const text = readFileSync(pathIn(folder, name), 'utf8')
    const end = indexOf(text, '\n')
    const head = parse(slice(text, 0, end)) as { reason?: string; length?: number }
    if (head.reason !== undefined) return { reason: head.reason }
    const rewritten = slice(text, end + 1)
    return head.length === rewritten.length ? { text: rewritten } : undefined
  } catch {
    return undefined
  }
}

/** Puts an answer on disk, whole or not at all. */
export function writeAnswer(folder: string, name: string, answer: Answer): void {
  const { reason, text = '' } = answer
  if (!isWellFormed(text)) return // as bytes it would be another text
  const temporary = pathIn(folder, `.${process.pid}.${ticks()}.tmp`)
  try {
    writeFileSync(temporary, `${stringify({ reason, length: text.length })}\n${text}`, {
      mode: PRIVATE_FILE,
      flag: 'wx',
    })
    renameSync(temporary, pathIn(folder, name))
  } catch {
    remove(temporary)
  }
}

/** Deletes the oldest answers if there are too many. */
export function bound(folder: string, most = MOST_BYTES): void {
  try {
    const files = readdirSync(folder).flatMap(name => {
      try {
        const { size, mtimeMs } = lstatSync(join(folder, name))
        return { path: join(folder, name), size, mtimeMs }
      } catch {
        return [] // another process has deleted it
      }
    })
    let total = files.reduce((sum, { size }) => sum + size, 0)
    if (total <= most) return
    for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= most / 2) return
      remove(path)
      total -= size
    }
  } catch {} // next time, perhaps
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {} // another process did, or it is not ours to delete
}
