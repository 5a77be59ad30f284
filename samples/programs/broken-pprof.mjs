// Writes the broken files of samples/pprof/invalid: node samples/programs/broken-pprof.mjs samples/pprof/invalid
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A varint of 64 bits. */
function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

/** A field: a number is a varint, a string or an array of bytes is length-delimited. */
function field(number, value) {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return [...varint(number * 8), ...varint(value)]
  }
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : value
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes]
}

const message = (...fields) => fields.flat()
const valueType = (type, unit) => field(1, message(field(1, type), field(2, unit)))
const sample = (ids, values) => field(2, message(field(1, ids), field(2, values.flatMap(varint))))
const location = (id, ...lines) => field(4, message(field(1, id), ...lines.map(line => field(4, line))))
const line = (functionId, lineno) => message(field(1, functionId), field(2, lineno))
const functionOf = (id, name, file) => field(5, message(field(1, id), field(2, name), field(4, file)))
const own = (...fields) => field(0x7638, message(...fields))
const meta = facts => own(field(2, message(field(1, JSON.stringify(facts)), field(2, 1), field(3, 16))))

const strings = ['', 'inuse_objects', 'count', 'inuse_space', 'bytes', 'f', '/a.js'].flatMap(s => field(6, s))
const types = [...valueType(1, 2), ...valueType(3, 4)]
const places = [...location(1, line(1, 7)), ...functionOf(1, 5, 6)]
const mark = own(field(1, 1))
const facts = { source: 'made', measure: 'live', accuracy: 'exact', counts: 'exact' }

function end(bytes) {
  return [...bytes, ...own(field(5, bytes.length))]
}

const files = {
  'another-end': [...types, ...mark, ...sample([1], [1, 8]), ...places, ...meta(facts), ...strings, ...own(field(5, 3))],
  'bad-meta': [...types, ...mark, ...sample([1], [1, 8]), ...places, ...meta({ ...facts, measure: 'all' }), ...strings],
  'behind-the-end': [...end([...types, ...mark, ...sample([1], [1, 8]), ...places, ...meta(facts), ...strings]), 0x48, 1],
  'column-too-short': end([
    ...[types, mark, sample([1], [1, 8]), places, meta(facts)].flat(),
    ...own(field(3, message(field(1, 'domain'), field(2, [2, 0])))),
    ...strings,
  ]),
  'cpu-profile': [
    ...[valueType(1, 2), valueType(3, 4), sample([1], [1, 8]), places].flat(),
    ...['', 'samples', 'count', 'cpu', 'nanoseconds', 'f', '/a.js'].flatMap(s => field(6, s)),
  ],
  'group': [...types, 0x13, 0x14],
  'length-lies': [...types, 0x12, ...varint(2n ** 40n), 0x0a, 1, 1],
  'length-lies-inside': [...types, 0x12, 6, 0x0a, 100, 1, 0x12, 1, 1, ...strings],
  'line-over-2^32': [...types, ...sample([1], [1, 8]), ...location(1, line(1, 2 ** 32)), ...strings],
  'line-negative': [...types, ...sample([1], [1, 8]), ...location(1, line(1, -1)), ...strings],
  'location-missing': [...types, ...sample([1, 2], [1, 8]), ...places, ...strings],
  'location-twice': [...types, ...sample([1], [1, 8]), ...places, ...location(1), ...strings],
  'function-missing': [...types, ...sample([1], [1, 8]), ...location(1, line(1, 7), line(9, 8)), ...functionOf(1, 5, 6), ...strings],
  'newer': [...types, ...own(field(1, 2)), ...strings],
  'no-end': [...types, ...mark, ...sample([1], [1, 8]), ...places, ...meta(facts), ...strings],
  'no-strings': [...types, ...sample([1], [1, 8]), ...places],
  'rows-do-not-fit': end([...types, ...mark, ...sample([1], [1, 8]), ...sample([1], [1, 8]), ...places, ...meta(facts), ...strings]),
  'size-over-2^53': [...types, ...sample([1], [1, 2n ** 53n]), ...places, ...strings],
  'string-missing': [...types, ...sample([1], [1, 8]), ...location(1, line(1, 7)), ...functionOf(1, 5, 7), ...strings],
  'values-do-not-fit': [...types, ...sample([1], [1, 8]), ...sample([1], [1]), ...places, ...strings],
  'varint-too-long': [...types, 0x60, ...Array(10).fill(0x80), 1],
}

const folder = process.argv[2]
mkdirSync(folder, { recursive: true })
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, `${name}.pb`), Uint8Array.from(bytes))
