/** Bytes that arrive in pieces: a file, a pipe, an inflated stream. Knows nothing of the disk (see `node.ts`). */
export interface Source {
  /** For messages. */
  readonly name: string
  /** Pieces in order, after inflating. A piece is only valid until the next one is asked for: its buffer is used again. */
  chunks(): AsyncIterable<Uint8Array>
}

/** A source over bytes in memory, in pieces of `size`. */
export function bytesSource(bytes: Uint8Array, name = 'bytes', size = bytes.length): Source {
  return {
    name,
    async *chunks() {
      for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
    },
  }
}

/** All bytes of a source at once. `limit` in bytes: more throws what `tooLarge` makes. */
export async function readAll(source: Source, limit: number, tooLarge: () => Error): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const chunk of source.chunks()) {
    length += chunk.length
    if (length > limit) throw tooLarge()
    pieces.push(new Uint8Array(chunk)) // a copy (slice() of a Buffer is none): the buffer is used again
  }
  if (pieces.length === 1) return pieces[0]
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
