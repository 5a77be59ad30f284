// Bytes that arrive in pieces: a file, a pipe, an inflated stream. Knows nothing of the disk (see `disk.ts`).

/** A source of bytes. */
export interface Source {
  /** For messages. */
  readonly name: string
  /** Pieces in order, after inflating. A piece is valid only until the next one is requested. */
  chunks(): AsyncIterable<Uint8Array>
}

/** A copy of a part of a piece, to keep: `slice()` of a Buffer is a view that changes with the next piece. */
export function copyOf(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(from, to))
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
