import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Converter } from '../../converters/converter.ts'

const FOLDER = join(import.meta.dirname, '../../samples')

/** A file of a converter's folder in `samples/`. */
export interface Sample {
  /** Name of the file. */
  readonly name: string
  /** Its content, inflated when the file is gzipped. */
  readonly bytes: Uint8Array
  /** Path of the text that says what it holds. */
  readonly expected: string
}

/** The samples of a converter, by name. */
export function samplesOf(converter: Converter): Sample[] {
  return filesIn(join(FOLDER, converter.name)).map(({ name, path }) => ({
    name,
    bytes: inflated(readFileSync(path)),
    expected: join(FOLDER, converter.name, `${stem(converter, name)}.expected.txt`),
  }))
}

/** The broken files of a converter, and the path of the text that says how each is refused. */
export function invalidOf(converter: Converter): { files: Omit<Sample, 'expected'>[]; expected: string } {
  const folder = join(FOLDER, converter.name, 'invalid')
  return {
    files: filesIn(folder).map(({ name, path }) => ({ name, bytes: inflated(readFileSync(path)) })),
    expected: join(folder, 'expected.txt'),
  }
}

function filesIn(folder: string): { name: string; path: string }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(f => f.isFile() && !f.name.endsWith('expected.txt') && !f.name.startsWith('.'))
    .map(f => ({ name: f.name, path: join(folder, f.name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What a reader is given: inflated, without a byte order mark. */
function inflated(bytes: Uint8Array): Uint8Array {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
  return plain[0] === 0xef && plain[1] === 0xbb ? plain.subarray(3) : plain
}

/** The file's name without the format's ending. */
function stem(converter: Converter, name: string): string {
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name
  const ending = [...converter.extensions]
    .sort((a, b) => b.length - a.length)
    .find(e => name.endsWith(e) || plain.endsWith(e))
  return ending === undefined ? plain : (name.endsWith(ending) ? name : plain).slice(0, -ending.length)
}
