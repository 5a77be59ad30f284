// CPython's dumped snapshots as a format: what the fields mean, and the converter.
/**
 * CPython's `tracemalloc.Snapshot.dump`: a pickle of the object.
 * https://github.com/python/cpython/blob/3.13/Lib/tracemalloc.py
 *
 * | fact         | in the file                                     | here                                 |
 * | ------------ | ----------------------------------------------- | ------------------------------------ |
 * | traces       | 2 fields (3.4, 3.5), 3 (3.6 to 3.8), 4 (3.9 on) | one row, count 1; domain 0 if absent |
 * | size         | bytes                                           | bytes                                |
 * | line         | 1-based, 0 = unknown                            | the calling line (`exact`)           |
 * | traceback    | most recent frame first                         | oldest first                         |
 * | total_nframe | number, or None                                 | `totalNframe`, 0 = unknown           |
 * | text         | UTF-8 with lone surrogates as three bytes       | the same; a pair is one character    |
 *
 * Read: protocols 0 to 5, only the opcodes that such objects are made of, only the names
 * `tracemalloc.Snapshot`, `tracemalloc._Traces` and what protocols 0 and 1 need to make them. Nothing is
 * called. Written: protocol 4, what `tracemalloc.Snapshot.load` of Python 3.9 and later reads. A row of n
 * blocks becomes n traces whose sizes add up to the row's. Frames more recent than the allocation frame
 * (built-ins) are left out, so that Python's statistics name the same lines; an empty traceback, which Python
 * does not know, becomes the frame `<untraced>:0`, which is read as one.
 */

import { copyOf, type Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Converter, ReadOptions } from '../converter.ts'

/** Protocols 2 to 5 say so; 0 and 1 begin with a name: `ccopy_reg\n_reconstructor\n`. */
function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  if (head[0] === 0x80) {
    if (head.length < 3) return 'more'
    // PROTO, then FRAME, or GLOBAL, or a string.
    return head[1] >= 2 && head[1] <= 5 && [0x95, 0x63, 0x58, 0x8c].includes(head[2]) ? 'yes' : 'no'
  }
  const text = String.fromCharCode(...head.subarray(0, 200))
  if (/^c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n[(pq)]/.test(text)) return 'yes'
  return head.length < 200 && /^c(?:[A-Za-z_][\w.]*(?:\n(?:[A-Za-z_]\w*\n?)?)?)?$/.test(text) ? 'more' : 'no'
}

async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  const { Unpickler } = await import('./unpickler.ts')
  const unpickler = new Unpickler()
  let rest = new Uint8Array(0)
  let offset = 0
  for await (const chunk of source.chunks()) {
    if (options.maxSize !== undefined && offset + rest.length + chunk.length > options.maxSize) {
      throw new FormatError('too-large', `more than ${options.maxSize} bytes`, { format: 'pickle', offset })
    }
    const bytes = rest.length > 0 ? joined(rest, chunk) : chunk
    const used = unpickler.run(bytes, offset)
    rest = copyOf(bytes, used)
    offset += used
  }
  return [unpickler.finish()]
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

export const pickle: Converter = {
  name: 'pickle',
  title: "CPython's tracemalloc.Snapshot.dump",
  extensions: ['.pickle', '.pkl'],
  spec: 'https://docs.python.org/3/library/tracemalloc.html#tracemalloc.Snapshot.dump',
  carries: ['count', 'lineno', 'domain', 'totalNframe'],
  truncation: 'always',
  sniff,
  read,
  write: async (...snapshots) => (await import('./write.ts')).writePickle(...snapshots),
}
