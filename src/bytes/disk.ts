// Everything of this room that touches the disk: files as sources of bytes, and files written whole or not at
// all.
import fs from 'node:fs'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { Gunzip } from 'node:zlib'
import { asFileError } from '../errors.ts'
import type { Source } from './source.ts'

const { existsSync, mkdirSync, statSync, unlinkSync } = fs // taken before the program

/** Read size that was measured to be fastest. */
const CHUNK = 256 * 1024

/** Written over a piece that was given back: no UTF-8, no JSON, and no whole number of protobuf's. */
const SPENT = 0xff

/**
 * The bytes of a file as they are, in two buffers by turns: one is read into while the other is lent. A piece
 * is written over as soon as the next one is asked for, so that a reader which keeps a view of it fails at
 * once and every time. Pipes are not read ahead: a reader that stops early would wait for bytes that it no
 * longer needs.
 */
export function fileSource(path: string): Source {
  return {
    name: path,
    async *chunks() {
      const file = await open(path, 'r')
      let [buffer, other] = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)]
      const readNext = () => {
        const read = file.read(buffer, 0, CHUNK, null)
        read.catch(() => {}) // it is thrown where it is awaited
        return read
      }
      let reading: ReturnType<typeof readNext> | undefined
      try {
        const isAhead = (await file.stat()).isFile()
        for (;;) {
          const { bytesRead } = await (reading ?? readNext())
          if (bytesRead === 0) return
          ;[buffer, other] = [other, buffer]
          if (isAhead) reading = readNext()
          const piece = other.subarray(0, bytesRead)
          yield piece
          piece.fill(SPENT)
        }
      } finally {
        await reading?.catch(() => {})
        await file.close()
      }
    },
  }
}

/** The bytes of standard input. Can be read once. */
export function standardInput(): Source {
  return {
    name: 'standard input',
    chunks() {
      if (fs.fstatSync(0).isDirectory()) fs.readSync(0, new Uint8Array(1)) // fails; process.stdin would be empty
      return process.stdin
    },
  }
}

/** How a head of bytes is compressed. */
export function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd'
  return undefined
}

/** A source's bytes inflated. Faults are zlib's own errors. */
export function inflate(source: Source, kind: 'gzip' | 'zstd'): Source {
  return {
    name: source.name,
    async *chunks() {
      const zlib = await import('node:zlib')
      const inflater = kind === 'gzip' ? zlib.createGunzip({ chunkSize: CHUNK }) : createZstd(zlib)
      const input = source.chunks()[Symbol.asyncIterator]()
      let failure: unknown
      let given = 0 // bytes of input
      const pump = (async () => {
        for (;;) {
          const next = await input.next()
          if (next.done) break
          given += next.value.length
          // The piece's buffer is used again, so zlib must be done with it before the next one is read.
          await new Promise<void>((resolve, reject) => {
            inflater.once('error', reject)
            inflater.once('close', resolve)
            inflater.write(next.value, error => {
              inflater.off('error', reject)
              inflater.off('close', resolve)
              if (error) reject(error)
              else resolve()
            })
          })
          if (inflater.destroyed) break
        }
        inflater.end()
      })().catch(error => {
        failure = error
        inflater.destroy(error as Error)
      })
      try {
        yield* inflater
        await pump
        if (failure && !inflater.readableEnded) throw failure
        if (failure || inflater.bytesWritten < given) {
          throw Object.assign(new Error('there is more after its end'), { code: 'Z_DATA_ERROR' })
        }
      } finally {
        inflater.destroy()
        await input.return?.(undefined)
      }
    },
  }
}

function createZstd(zlib: object): Readable & Gunzip {
  const make = (zlib as { createZstdDecompress?: (o: object) => Gunzip }).createZstdDecompress
  if (!make) throw Object.assign(new Error('zstd needs Node 22.15 or later'), { code: 'ERR_ZSTD_MISSING' })
  return make({ chunkSize: CHUNK })
}

/** Mode of new files: they may show the program's secrets, so only their owner may read them. */
export const PRIVATE_FILE = 0o600
export const PRIVATE_FOLDER = 0o700

/**
 * Writes a file whole or not at all: to a temporary name beside it, synced, then renamed. A new file is for
 * its owner alone; one that is replaced keeps its mode. With `exclusive` an existing file is an error instead
 * of being replaced. Throws FileError.
 */
export async function writeWhole(
  path: string,
  pieces: Iterable<Uint8Array | string>,
  options: { gzip?: boolean; exclusive?: boolean } = {},
): Promise<void> {
  const { randomBytes } = await import('node:crypto')
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  const remove = () => rm(temporary, { force: true }).catch(() => {}) // nothing more can be done
  try {
    const file = await open(temporary, 'wx', PRIVATE_FILE)
    try {
      const replaced = options.exclusive ? undefined : await stat(path).catch(() => undefined)
      if (replaced) await file.chmod(replaced.mode & 0o777).catch(() => {}) // some file systems have no modes
      for await (const piece of options.gzip ? gzipped(pieces) : pieces) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    if (!options.exclusive) return await rename(temporary, path)
    await link(temporary, path) // fails where the name is taken, and shows no half file meanwhile
    await remove()
  } catch (error) {
    await remove()
    throw asFileError(`write ${path}`, error)
  }
}

/** Makes a folder, and those above it, unless it is there. Throws FileError. */
export function makeFolder(path: string): void {
  try {
    makeMissing(resolve(path))
  } catch (error) {
    throw asFileError(`make the folder ${path}`, error)
  }
}

/** Node's own `recursive` never returns below /proc, and has a wrong reason on a read-only file system. */
function makeMissing(path: string): void {
  try {
    mkdirSync(path, PRIVATE_FOLDER)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(parent)) throw error
    makeMissing(parent)
    mkdirSync(path, PRIVATE_FOLDER)
  }
}

/** Removes a temporary file, if it can be: what it was for has ended well or badly before. */
export function removeNow(path: string): void {
  try {
    unlinkSync(path)
  } catch {}
}

/** Pieces gzipped, without a time stamp, so equal input gives equal bytes. */
export async function* gzipped(pieces: Iterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  const { createGzip } = await import('node:zlib')
  const gzip = createGzip()
  const pump = (async () => {
    for (const piece of pieces) {
      if (!gzip.write(piece)) await new Promise(resolve => gzip.once('drain', resolve))
    }
    gzip.end()
  })().catch(error => gzip.destroy(error as Error))
  yield* gzip
  await pump
}
