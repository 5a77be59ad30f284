// stream-json as the oracle of the token reader and of the readers' short cuts: the same tokens for every
// sample of JSON, and for every changed one that it accepts.
import { describe, expect, it } from 'vitest'
import { converters } from '../../converters/index.ts'
import { JsonTokens, TOKEN } from '../../src/bytes/json-tokens.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { tokensOf } from '../../src/formats/documents.ts'
import { loadSource } from '../../src/formats/files.ts'
import { invalidOf, samplesOf } from '../support/samples.ts'

/** Samples of more bytes are compared as they are, and not changed. */
const SMALL = 20_000
const CHANGES = Number(process.env.STREAM_JSON_CHANGES ?? 8)

const json = converters.filter(c => ['heapprofile', 'heapsnapshot', 'speedscope', 'firefox'].includes(c.name))
const files = json.flatMap(converter =>
  [...samplesOf(converter), ...invalidOf(converter).files].map(({ name, bytes }) => [name, bytes] as const),
)

const NAMES: Record<string, string> = {
  startObject: '{',
  endObject: '}',
  startArray: '[',
  endArray: ']',
  nullValue: 'null',
  trueValue: 'true',
  falseValue: 'false',
}

/** The tokens by stream-json, one text each; undefined for what it refuses. */
async function expectedTokens(bytes: Uint8Array): Promise<string[] | undefined> {
  const found: string[] = []
  try {
    for await (const tokens of tokensOf(bytesSource(bytes, 'file', 10_000), { streamValues: false })) {
      for (const token of tokens) {
        if (token.name === 'keyValue') found.push(`key ${token.value}`)
        else if (token.name === 'stringValue') found.push(`string ${token.value}`)
        else if (token.name === 'numberValue') found.push(`number ${token.value}`)
        else found.push(NAMES[token.name])
      }
    }
    return found
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

async function tokensOfOurs(bytes: Uint8Array, piece: number): Promise<string[]> {
  const tokens = new JsonTokens('test')
  const found: string[] = []
  await tokens.feed(bytesSource(bytes, 'file', piece), () => {
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more || token === TOKEN.end) return
      if (token === TOKEN.key) found.push(`key ${tokens.text()}`)
      else if (token === TOKEN.string) found.push(`string ${tokens.text()}`)
      else if (token === TOKEN.number) found.push(`number ${tokens.text()}`)
      else if (token === TOKEN.literal) found.push(tokens.text())
      else found.push(['', '{', '}', '[', ']'][token])
    }
  })
  return found
}

async function expectAlike(bytes: Uint8Array, piece: number): Promise<boolean> {
  const expected = await expectedTokens(bytes)
  if (!expected) return false
  const found = await tokensOfOurs(bytes, piece)
  const at = found.findIndex((token, i) => token !== expected[i])
  expect(at < 0 ? '' : `${at}: ${found[at]}`).toBe(at < 0 ? '' : `${at}: ${expected[at]}`)
  expect(found.length).toBe(expected.length)
  return true
}

describe('our tokens are those of stream-json', () => {
  it('of every sample, and of changed ones', { timeout: 300_000 }, async () => {
    let seed = 1
    const random = (n: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >>> 8) % n
    let accepted = 0
    for (const [name, bytes] of files) {
      if (await expectAlike(bytes, 4096)) accepted++
      if (bytes.length > SMALL) continue
      for (let i = 0; i < CHANGES; i++) {
        const changed = bytes.slice()
        const places = ' \t\n0123456789-+.eE,:"\\/bfnrtu{}[]'
        changed[random(changed.length)] = places.charCodeAt(random(places.length))
        try {
          if (await expectAlike(changed, 1 + random(300))) accepted++
        } catch (cause) {
          throw new Error(`${name}, change ${i}`, { cause })
        }
      }
    }
    expect(accepted).toBeGreaterThan(files.length) // the changes are not all refused
  })

  it('of values of all kinds', async () => {
    for (const text of [
      '[0,-0,1e5,1E+5,-1.5e-7,123456789012345678901234567890]',
      '{"":"","\\u0041\\ud83d\\ude00":"\\b\\f\\n\\r\\t\\"\\\\\\/","__proto__":{"a":null}}',
      ' [ true , false , null , { } , [ ] ] ',
      '"alone"',
      '17',
      '["größe","🐞"]',
    ]) {
      for (const piece of [1, 2, 5, 100]) expect(await expectAlike(Buffer.from(text), piece), text).toBe(true)
    }
  })
})

describe('the totals of our readers are those of stream-json', () => {
  const total = async (bytes: Uint8Array) => (await loadSource(bytesSource(bytes))).snapshots[0].total.size
  const samples = (name: string) => samplesOf(json.find(c => c.name === name)!)

  it.each(samples('heapprofile').map(s => [s.name, s.bytes] as const))('%s', async (_, bytes) => {
    const tokens = (await expectedTokens(bytes))!
    const head = tokens.indexOf('key head')
    let sum = 0
    for (let i = head; i < tokens.length; i++) {
      if (tokens[i] === 'key selfSize') sum += Number(tokens[i + 1].slice('number '.length))
    }
    expect(await total(bytes)).toBe(sum)
  })

  it.each(samples('heapsnapshot').map(s => [s.name, s.bytes] as const))(
    '%s',
    { timeout: 60_000 },
    async (_, bytes) => {
      const tokens = (await expectedTokens(bytes))!
      const list = (key: string) => {
        const from = tokens.indexOf(`key ${key}`) + 2
        return tokens.slice(from, tokens.indexOf(']', from)).map(token => token.replace(/^\w+ /, ''))
      }
      const fields = list('node_fields')
      const sizeAt = fields.indexOf('self_size')
      const nodes = list('nodes')
      let sum = 0
      for (let i = sizeAt; i < nodes.length; i += fields.length) sum += Number(nodes[i])
      expect(await total(bytes)).toBe(sum)
    },
  )
})
