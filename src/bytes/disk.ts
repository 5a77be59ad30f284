import fs from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { Gunzip } from 'node:zlib'
import { asFileError } from '../errors.ts'
import type { Source } from './source.ts'

const { unlinkSync } = fs // as it is before a program that we are loaded into

/** Read size that was measured to be fastest. */
const CHUNK = 256 * 1024

/**
 * The bytes of a file as they are; two buffers, used again: one is read into while the other is worked on. A pipe is not read ahead:
 * who wants no more of it would wait for more.
 */
export function fileSource(path: string): Source {
  return {
    name: path,
    async *chunks() {
      const file = await open(path, 'r')
      let [buffer, other] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)]
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
          yield other.subarray(0, bytesRead)
        }
      } finally {
        await reading?.catch(() => {})
        await file.close()
      }
    },
  }
}

/** The bytes of a stream, such as standard input. Can be read once. */
export function streamSource(stream: Readable, name: string): Source {
  return { name, chunks: () => stream }
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
          throw Object.assign(new Error('there is more behind its end'), { code: 'Z_DATA_ERROR' })
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

/**
 * Writes a file whole or not at all: to a temporary name beside it, synced, then renamed. With `exclusive` an existing file
 * is an error instead of being replaced. Throws FileError.
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
    const file = await open(temporary, 'wx')
    try {
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
    try {
      fs.mkdirSync(path, { recursive: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      fs.mkdirSync(firstMissing(resolve(path))) // Node says so for a read-only file system too; this says what it is
      throw error
    }
  } catch (error) {
    throw asFileError(`make the folder ${path}`, error)
  }
}

function firstMissing(path: string): string {
  const parent = dirname(path)
  return parent === path || fs.existsSync(parent) ? path : firstMissing(parent)
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
