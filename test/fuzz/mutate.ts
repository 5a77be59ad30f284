import type { Random } from './random.ts'

// What a hostile or a damaged file may look like: each mutation takes a whole file and gives a wrong one. Text mutations
// do nothing useful to binary files, nor the other way round, and are tried on them all the same.

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

/** Numbers that readers trip over. */
const NUMBERS = [
  ...[
    '0',
    '-1',
    '1',
    '-0',
    '007',
    '1e308',
    '1e-308',
    '-1e999',
    '0.5',
    '2147483647',
    '2147483648',
    '4294967295',
  ],
  ...[
    '4294967296',
    '9007199254740991',
    '9007199254740992',
    '18446744073709551615',
    '1'.repeat(400),
    'NaN',
    '0x10',
  ],
]
const TEXTS = [
  ...[
    '',
    '__proto__',
    'constructor',
    'toString',
    '</script>',
    '\u001b[2J',
    '\ud800',
    '\u202e',
    '\0',
    'null',
    '\\u{110000}',
  ],
  ...[
    '(root)',
    '(anonymous)',
    '<native>',
    '<untraced>',
    'a;b',
    "'=1",
    '"',
    '\\',
    '\r\n',
    '🐞',
    'x'.repeat(70_000),
  ],
]

/** A place in the file, and a length from there. */
function range(bytes: Uint8Array, random: Random, most = bytes.length): [number, number] {
  const from = random.below(bytes.length + 1)
  return [from, Math.min(bytes.length, from + random.length(most))]
}

/** The bytes with `from` up to `to` replaced. */
function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  const result = new Uint8Array(from + by.length + bytes.length - to)
  result.set(bytes.subarray(0, from))
  result.set(by, from)
  result.set(bytes.subarray(to), from + by.length)
  return result
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const cut: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length))

const flip: Mutation = (bytes, random) => {
  const result = bytes.slice()
  for (let n = random.length(8); n >= 0; n--) result[random.below(result.length)] ^= 1 << random.below(8)
  return result
}

/** Any byte: in a pickle this is any opcode. */
const set: Mutation = (bytes, random) => {
  const result = bytes.slice()
  for (let n = random.length(4); n >= 0; n--) result[random.below(result.length)] = random.below(256)
  return result
}

const insert: Mutation = (bytes, random) => {
  const [from] = range(bytes, random)
  return replaced(
    bytes,
    from,
    from,
    Uint8Array.from({ length: 1 + random.length(16) }, () => random.below(256)),
  )
}

const remove: Mutation = (bytes, random) => replaced(bytes, ...range(bytes, random, 64), new Uint8Array(0))

const repeat: Mutation = (bytes, random) => {
  const [from, to] = range(bytes, random, 2048)
  const part = bytes.slice(from, to)
  const times = 1 + random.length(20)
  const many = new Uint8Array(part.length * times)
  for (let i = 0; i < times; i++) many.set(part, i * part.length)
  return replaced(bytes, from, from, many)
}

const move: Mutation = (bytes, random) => {
  const [from, to] = range(bytes, random, 512)
  const part = bytes.slice(from, to)
  const rest = replaced(bytes, from, to, new Uint8Array(0))
  const [at] = range(rest, random)
  return replaced(rest, at, at, part)
}

const splice: Mutation = (bytes, random, others) => {
  const other = random.pick(others)
  return replaced(bytes, ...range(bytes, random), other.slice(...range(other, random, 4096)))
}

/** A varint of protobuf or a length of a pickle that lies. */
const binaryNumber: Mutation = (bytes, random) => {
  const [from] = range(bytes, random)
  const lies = [
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
    [0xff, 0xff, 0xff, 0x7f],
    [0, 0, 0, 0x80],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [random.below(256), 0, 0, 0],
  ]
  const lie = Uint8Array.from(random.pick(lies))
  return replaced(bytes, from, Math.min(bytes.length, from + random.pick([0, 1, lie.length])), lie)
}

const textNumber: Mutation = (bytes, random) => {
  const start = random.below(bytes.length)
  const isDigit = (i: number) => bytes[i] >= 48 && bytes[i] <= 57
  let from = start
  while (from < bytes.length && !isDigit(from)) from++
  let to = from
  while (isDigit(to)) to++
  return replaced(bytes, from, to, encode(random.pick(NUMBERS)))
}

const text: Mutation = (bytes, random) => {
  const [from, to] = range(bytes, random, 32)
  return replaced(bytes, from, to, encode(random.pick(TEXTS)))
}

const deep: Mutation = (bytes, random) => {
  const [from] = range(bytes, random)
  const nest = random.pick([
    '[',
    '{"a":',
    '[{"children":[',
    '(',
    '(l',
    ']',
    '\u007d',
    ']\u007d',
    '(((t',
    '"',
    ';',
    ',',
  ])
  return replaced(bytes, from, from, encode(nest.repeat(1 + random.length(20_000))))
}

/** Members between commas, brackets and line breaks: doubled, left out, or in another order. */
const parts: Mutation = (bytes, random) => {
  const whole = new TextDecoder('latin1').decode(bytes)
  const separator = random.pick([',', '\n', '},', '":', ';'])
  const pieces = whole.split(separator)
  const at = random.below(pieces.length)
  const other = random.below(pieces.length)
  const how = random.below(3)
  if (how === 0) pieces.splice(at, 0, pieces[other])
  else if (how === 1) pieces.splice(at, 1)
  else [pieces[at], pieces[other]] = [pieces[other], pieces[at]]
  return Uint8Array.from(Buffer.from(pieces.join(separator), 'latin1'))
}

/** A JSON document in which one value is another, a member is gone, or members have another order. */
const value: Mutation = (bytes, random, others) => {
  let root: unknown
  try {
    root = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return parts(bytes, random, others)
  }
  let holder = root
  for (let depth = random.below(12); depth > 0; depth--) {
    const next = random.pick(Object.values(holder as object))
    if (typeof next !== 'object' || next === null || Object.keys(next).length === 0) break
    holder = next
  }
  if (typeof holder !== 'object' || holder === null) return encode('1')
  const record = holder as Record<string, unknown>
  const key = random.pick(Object.keys(record)) ?? 'x'
  const how = random.below(5)
  if (how === 0) delete record[key]
  else if (how === 1) record[random.pick(TEXTS)] = record[key]
  else if (how === 2) {
    for (const [name, member] of Object.entries(record).reverse()) {
      delete record[name]
      record[name] = member
    }
  } else
    record[key] = random.pick([null, true, -1, 0.5, 2 ** 32, 2 ** 53, 1e308, [], {}, [[]], root, ...TEXTS])
  try {
    return encode(JSON.stringify(root))
  } catch {
    return parts(bytes, random, others) // it holds itself
  }
}

const MUTATIONS: readonly Mutation[] = [
  ...[
    cut,
    flip,
    set,
    insert,
    remove,
    repeat,
    move,
    splice,
    binaryNumber,
    textNumber,
    text,
    deep,
    parts,
    value,
  ],
]

/** A wrong file made of a right one, mostly with one fault, sometimes with a few. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let result = bytes
  for (let n = random.below(2) === 0 ? 1 : 1 + random.below(4); n > 0 && result.length > 0; n--) {
    result = random.pick(MUTATIONS)(result, random, others)
  }
  return result
}
