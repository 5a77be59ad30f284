// Looks into JSON of any kind and size, by stream-json: what lies where, and the value at a path. For
// convenience, not for speed.
import { getManyValues, isMany, none, stop } from 'stream-chain/defs.js'
import pick from 'stream-json/core/filters/pick.js'
import { jsonParser, type Token } from 'stream-json/core/parser.js'
import stringer from 'stream-json/core/stringer.js'
import type { Source } from '../bytes/source.ts'
import { FormatError, UsageError } from '../errors.ts'
import { jsonWith, type Other } from './others.ts'

/** Keys and numbers of elements, from the outside in. */
export type Path = readonly (string | number)[]

/** A key of more characters is refused, as are more levels. */
const LONGEST_KEY = 1 << 24
const DEEPEST = 1 << 16
/** Keys that a message lists. */
const MOST_KEYS = 10
/** Bytes that are parsed at once. */
const PIECE = 1 << 16

/**
 * Reads `result.profile`, `runs[2].profile` or, where keys have dots in them, `/a.b/profile`. Throws
 * UsageError.
 */
export function parsePath(text: string): Path {
  const wrong = () =>
    new UsageError(`--pick ${text}: not a path`, {
      hint: 'such as result.profile, runs[2].profile, or /a.b/profile where a key has a dot in it',
    })
  if (text.startsWith('/')) {
    return text
      .slice(1)
      .split('/')
      .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  if (!/^(?:[^.[\]]+|\[\d+\])(?:\.[^.[\]]+|\[\d+\])*$/.test(text)) throw wrong()
  return text.match(/[^.[\]]+|\[\d+\]/g)!.map(key => (key.startsWith('[') ? Number(key.slice(1, -1)) : key))
}

/** A path as `parsePath` reads it. */
function pathText(path: Path): string {
  if (path.some(key => /[.[\]/]|^$/.test(`${key}`))) {
    return path.map(key => `/${`${key}`.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  }
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i ? `.${key}` : key)).join('')
}

/**
 * The JSON text of the value at a path. Throws FormatError while it is read: for what is not JSON, or has
 * nothing there.
 */
export function pickFrom(source: Source, path: Path): Source {
  return {
    name: source.name,
    async *chunks() {
      /** The keys on each level of the path, as far as the path exists, and how many of its keys are. */
      const found = path.map(() => new Set<string>())
      let reached = 0
      const isWanted = (stack: Path) => {
        const common = commonLength(stack, path)
        if (common === stack.length) reached = Math.max(reached, common)
        const keys = common >= stack.length - 1 ? found[stack.length - 1] : undefined
        if (keys && keys.size <= MOST_KEYS) keys.add(`${stack[stack.length - 1]}`)
        return common === path.length && stack.length === common
      }
      const filter = pick({ filter: isWanted as never, once: true, maxDepth: DEEPEST })
      const write = stringer({ useKeyValues: true })
      const encoder = new TextEncoder()
      for await (const tokens of tokensOf(source, { packStrings: false, packNumbers: false })) {
        let text = ''
        let isOver = false
        for (const token of tokens) {
          const picked = filter(token)
          isOver ||= (picked as unknown) === stop
          for (const part of listOf<Token>(picked)) text += listOf<string>(write(part)).join('')
          if (isOver) break
        }
        if (text !== '') yield encoder.encode(text)
        if (isOver) return
      }
      if (reached < path.length) throw nothingAt(path, found[reached], reached)
    },
  }
}

function commonLength(a: Path, b: Path): number {
  let length = 0
  while (length < a.length && length < b.length && `${a[length]}` === `${b[length]}`) length++
  return length
}

function nothingAt(path: Path, found: ReadonlySet<string>, reached: number): FormatError {
  const keys = [...found].slice(0, MOST_KEYS).join(', ')
  const above = reached === 0 ? 'the document' : pathText(path.slice(0, reached))
  const hint = keys === '' ? `${above} has nothing in it` : `${above} has ${keys}`
  return new FormatError('unrecognized', `nothing is at ${pathText(path)}`, {
    hint: found.size > MOST_KEYS ? `${hint} ...` : hint,
  })
}

/** Profiles in a document, by a path that each of its kind has in it. */
const MARKS: readonly (readonly [format: string, mark: Path])[] = [
  ['heapprofile', ['head', 'selfSize']],
  ['speedscope', ['shared', 'frames', 0]],
  ['firefox', ['meta', 'preprocessedProfileVersion']],
  ['heapsnapshot', ['snapshot', 'meta', 'node_fields']],
]

/** Members deeper than this tell nothing, nor do later elements, nor more members. */
const NEAR = 6
const FIRST = 10
const MOST = 400

/**
 * The word for a document, itself at `base` of a file, that is no profile but may have one in it: it is read
 * as far as the first one.
 */
export async function wordFor(source: Source, base: Path): Promise<Other> {
  const paths = new Set<string>()
  let profile: { format: string; path: Path } | undefined
  const see = (stack: Path, token: Token) => {
    profile ??= profileAt(stack)
    if (paths.size < MOST && stack.length <= NEAR && stack.every(key => !(Number(key) >= FIRST)))
      for (const text of shapeTexts(stack, token)) paths.add(text)
    return false
  }
  const filter = pick({ filter: see as never, maxDepth: DEEPEST })
  try {
    for await (const tokens of tokensOf(source, { streamValues: false })) {
      for (const token of tokens) {
        filter(token)
        if (profile) return wrapped(profile.format, [...base, ...profile.path])
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError) || error.code === 'too-large') throw error
    return jsonWith([...paths].join('\n'), error.code === 'truncated' ? 'cut' : 'wrong')
  }
  return jsonWith([...paths].join('\n'), 'whole')
}

function profileAt(stack: Path): { format: string; path: Path } | undefined {
  const found = MARKS.find(([, mark]) =>
    mark.every((key, i) => stack[stack.length - mark.length + i] === key),
  )
  return found && { format: found[0], path: stack.slice(0, -found[1].length) }
}

function wrapped(format: string, path: Path): Other {
  if (path.length === 0) return { what: 'it begins like other JSON', hint: `--from ${format} reads it` }
  const at = pathText(path)
  const isPlain = /^[\w.@-]+$/.test(at)
  return {
    what: `JSON of another kind, with a profile (${format}) in it at ${at}`,
    hint: `--from json --pick ${isPlain ? at : `'${at}'`} reads it`,
  }
}

/** A path as `otherOf` has it, without numbers of elements; also with a short text after it. */
function shapeTexts(stack: Path, token: Token): string[] {
  const path = stack.map((key, i) => (typeof key === 'number' ? '[]' : i ? `.${key}` : key)).join('')
  const isText = token.name === 'stringValue' && token.value.length < 100
  return isText ? [path, `${path}=${JSON.stringify(token.value)}`] : [path]
}

/** The tokens of a source, those of a piece at a time. */
export async function* tokensOf(
  source: Source,
  options: Parameters<typeof jsonParser>[0],
): AsyncGenerator<readonly Token[]> {
  const parse = jsonParser({ streamKeys: false, ...options })
  const decoder = new TextDecoder()
  let depth = 0
  let silent = 0 // characters since the last token
  const parsed = (text: string | typeof none): readonly Token[] => {
    try {
      return listOf<Token>(parse(text as never))
    } catch (cause) {
      const code = text === none ? 'truncated' : 'malformed'
      throw new FormatError(code, text === none ? 'the JSON text ends too early' : 'not JSON', { cause })
    }
  }
  for await (const chunk of source.chunks()) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const text = decoder.decode(chunk.subarray(at, at + PIECE), { stream: true })
      const tokens = parsed(text)
      silent = tokens.length > 0 ? 0 : silent + text.length
      for (const { name } of tokens) {
        if (name === 'startObject' || name === 'startArray') depth++
        else if (name === 'endObject' || name === 'endArray') depth--
      }
      if (silent > LONGEST_KEY) throw new FormatError('too-large', `a text of more than ${LONGEST_KEY} bytes`)
      if (depth > DEEPEST) throw new FormatError('too-large', `nested more than ${DEEPEST} deep`)
      yield tokens
    }
  }
  const rest = decoder.decode()
  if (rest !== '') yield parsed(rest)
  yield parsed(none)
}

/** What a function of stream-chain returned: nothing, one value, or several. */
function listOf<T>(returned: unknown): readonly T[] {
  if (returned === none || returned === undefined || returned === null) return []
  if (isMany(returned)) return getManyValues(returned) as T[]
  return typeof returned === 'symbol' ? [] : [returned as T]
}
