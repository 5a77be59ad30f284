// The same for programs whose memory is in Buffers.
import { createHash } from 'node:crypto'

/** A server of files: chunks of 4 to 64 KB arrive, are put together, hashed, and sent as base64; some stay in a cache. */
function chunks() {
  const cache = new Map()
  let n = 0
  return () => {
    let length = 0
    for (let request = 0; request < 8; request++) {
      const parts = []
      for (let i = 0; i < 4; i++) {
        const part = Buffer.allocUnsafe(4096 << (n++ % 5))
        part.fill(n)
        part.writeUInt32LE(n, 0)
        parts.push(part)
      }
      const body = Buffer.concat(parts)
      const key = createHash('sha256').update(body).digest('hex')
      const head = Buffer.from(JSON.stringify({ key, length: body.length }))
      cache.set(n % 50, body)
      length += Buffer.concat([head, body]).toString('base64').length
    }
    return length
  }
}

/** Nothing but stores of some 100 bytes. */
function dense() {
  let length = 0
  for (let i = 0; i < 1000; i++) {
    length += new Uint8Array(100).length + Buffer.alloc(200).length + Buffer.from('some text').length
  }
  return length
}

/** By name, each a function that makes the round. */
export const BUFFER_PROGRAMS = { chunks, dense: () => dense }
