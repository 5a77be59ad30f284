// Where a place in a rewritten line was in the original. Lines stay, so only the column is looked for.
import { method } from '../../unharmed.ts'

// Taken before the program can change them.
const { max } = Math
const Lengths = Uint16Array
const exec = method(RegExp.prototype.exec)

/** Longer lines, as of minified files, would take too long to align. */
const MOST_TOKENS = 400

interface Token {
  text: string
  /** Offset in the line, from 0. */
  at: number
}

/** Takes in regular expressions and strings piecemeal: what matters is that both texts are cut alike. */
function tokensOf(line: string): Token[] {
  const tokens: Token[] = []
  const pattern = /[\p{L}\p{N}_$]+|[^\s]/gu
  for (let match = exec(pattern, line); match; match = exec(pattern, line))
    tokens[tokens.length] = { text: match[0], at: match.index }
  return tokens
}

/**
 * The column in the original line of the token at a column of the rewritten line, both from 1: the operands
 * keep their order, so the longest common sequence of tokens tells.
 */
export function originalColumn(original: string, rewritten: string, column: number): number {
  if (original === rewritten) return column
  const from = tokensOf(rewritten)
  const to = tokensOf(original)
  if (from.length > MOST_TOKENS || to.length > MOST_TOKENS) return column
  let index = -1
  for (let i = 0; i < from.length && from[i].at < column; i++) index = i
  if (index < 0) return column
  const partner = partnerOf(from, to, index)
  return partner === undefined ? column : to[partner].at + (column - 1 - from[index].at) + 1
}

/** The token of the other sequence that a token is paired with, or the next after the last pair. */
function partnerOf(from: readonly Token[], to: readonly Token[], index: number): number | undefined {
  const width = to.length + 1
  const lengths = new Lengths((from.length + 1) * width)
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        from[i].text === to[j].text
          ? lengths[(i + 1) * width + j + 1] + 1
          : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
  let j = 0
  for (let i = 0; i < from.length && j < to.length; ) {
    if (from[i].text === to[j].text) {
      if (i === index) return j
      i++
      j++
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
      if (i === index) return j
      i++
    } else j++
  }
  return undefined
}
