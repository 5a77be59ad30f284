// Source lines of texts.
import type { GetLine } from '../model/traceback.ts'

/** Longest part of a line shown, in UTF-16 units: a minified script can be a single line. */
const MOST = 200

/** Indexes at which the lines of a text begin, by ECMAScript's line terminators. */
export function lineStarts(text: string): number[] {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(index + end.length)
  return starts
}

/** Source lines for `Traceback.format`, from texts that `read` returns. Each text is read once. */
export function sourceLines(read: (filename: string) => string | undefined): GetLine {
  const files = new Map<string, { text: string; starts: number[] }>()
  return (filename, lineno) => {
    let file = files.get(filename)
    if (!file) {
      const text = read(filename) ?? ''
      files.set(filename, (file = { text, starts: lineStarts(text) }))
    }
    if (lineno < 1 || lineno > file.starts.length) return ''
    const line = file.text.slice(file.starts[lineno - 1], file.starts[lineno]).trim()
    return line.length > MOST ? `${line.slice(0, MOST)}...` : line
  }
}
