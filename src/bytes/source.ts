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

/** Pieces of `length` bytes in all, as one. */
export function joinPieces(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
