// Python's file name patterns.

type PatternToken = { kind: 'star' } | { kind: 'any' } | { kind: 'char'; code: number } | SetToken
interface SetToken {
  kind: 'set'
  negated: boolean
  /** Pairs of first and last code point. */
  ranges: number[]
}

/**
 * A test of names by Python's `fnmatch.fnmatchcase`: `*` any run, `?` one character (code point), `[seq]` and
 * `[!seq]` sets with ranges. Linear in practice: one backtrack point, no regular expression, so no pattern
 * can make it hang.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const tokens = parse(Array.from(pattern, c => c.codePointAt(0) as number))
  return name =>
    match(
      tokens,
      Array.from(name, c => c.codePointAt(0) as number),
    )
}

const [STAR, QUESTION, OPEN, CLOSE, BANG, DASH] = Array.from('*?[]!-', c => c.charCodeAt(0))

function parse(p: number[]): PatternToken[] {
  const tokens: PatternToken[] = []
  for (let i = 0; i < p.length; ) {
    const code = p[i++]
    if (code === STAR) {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' })
    } else if (code === QUESTION) {
      tokens.push({ kind: 'any' })
    } else if (code === OPEN) {
      let j = i
      if (p[j] === BANG) j++
      if (p[j] === CLOSE) j++
      while (j < p.length && p[j] !== CLOSE) j++
      if (j >= p.length) tokens.push({ kind: 'char', code })
      else {
        tokens.push(parseSet(p.slice(i, j)))
        i = j + 1
      }
    } else tokens.push({ kind: 'char', code })
  }
  return tokens
}

/** A set's members, as Python's fnmatch reads them: an empty range (`z-a`) matches nothing. */
function parseSet(body: number[]): SetToken {
  const chunks = dropEmptyRanges(splitAtRanges(body))
  // Python looks for the `!` only now, when an empty range before it may be gone.
  const negated = chunks[0][0] === BANG
  if (negated) {
    chunks[0].shift()
    if (chunks[0].length === 0 && chunks.length > 1) chunks.splice(0, 2, [DASH, ...chunks[1]])
  }
  const ranges: number[] = []
  chunks.forEach((chunk, k) => {
    const from = k === 0 ? 0 : 1
    const to = k === chunks.length - 1 ? chunk.length : chunk.length - 1
    for (let i = from; i < to; i++) ranges.push(chunk[i], chunk[i])
    if (k < chunks.length - 1) ranges.push(chunk[chunk.length - 1], chunks[k + 1][0])
  })
  return { kind: 'set', negated, ranges }
}

/** Cuts at the dashes that make ranges: from the last character of a chunk to the first of the next. */
function splitAtRanges(body: number[]): number[][] {
  const chunks: number[][] = []
  let start = 0
  let dash = body.indexOf(DASH, body[0] === BANG ? 2 : 1)
  while (dash >= 0) {
    chunks.push(body.slice(start, dash))
    start = dash + 1
    dash = body.indexOf(DASH, dash + 3)
  }
  const last = body.slice(start)
  if (last.length > 0 || chunks.length === 0) chunks.push(last)
  else chunks[chunks.length - 1].push(DASH)
  return chunks
}

function dropEmptyRanges(chunks: number[][]): number[][] {
  for (let k = chunks.length - 1; k > 0; k--) {
    const left = chunks[k - 1]
    const right = chunks[k]
    if (left[left.length - 1] > right[0]) chunks.splice(k - 1, 2, [...left.slice(0, -1), ...right.slice(1)])
  }
  return chunks
}

function accepts(token: PatternToken, code: number): boolean {
  if (token.kind === 'any') return true
  if (token.kind === 'char') return token.code === code
  if (token.kind === 'star') return false
  for (let i = 0; i < token.ranges.length; i += 2) {
    if (code >= token.ranges[i] && code <= token.ranges[i + 1]) return !token.negated
  }
  return token.negated
}

function match(tokens: PatternToken[], name: number[]): boolean {
  let t = 0
  let n = 0
  let starToken = -1
  let starName = 0
  while (n < name.length) {
    if (t < tokens.length && tokens[t].kind === 'star') {
      starToken = t++
      starName = n
    } else if (t < tokens.length && accepts(tokens[t], name[n])) {
      t++
      n++
    } else if (starToken >= 0) {
      t = starToken + 1
      n = ++starName
    } else return false
  }
  while (t < tokens.length && tokens[t].kind === 'star') t++
  return t === tokens.length
}
