// Streams: JSON written, zipped, unzipped and read again token by token; numbers in typed arrays, dates and big integers.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'

function* records(n) {
  for (let i = 0; i < n; i++) {
    yield `${JSON.stringify({ i, at: new Date(1e12 + i * 1000), text: `line ${i}`, list: [i, i / 3, `${i}`] })}\n`
  }
}

export async function run() {
  const parts = []
  await pipeline(Readable.from(records(4000)), zlib.createGzip(), async source => {
    for await (const part of source) parts.push(part)
  })
  const rows = []
  let rest = ''
  await pipeline(Readable.from(parts), zlib.createGunzip(), async source => {
    for await (const part of source) {
      const lines = (rest + part.toString()).split('\n')
      rest = lines.pop()
      for (const line of lines) {
        const row = JSON.parse(line)
        rows.push({
          ...row,
          at: new Date(row.at),
          big: BigInt(row.i) ** 3n,
          samples: Float64Array.of(row.i, row.i * 2),
        })
      }
    }
  })
  const tree = rows.reduce(
    (node, row) => ({ row, left: row.i % 2 ? node : null, right: row.i % 2 ? null : node }),
    null,
  )
  return { parts, rows, tree }
}
