// The lines of a text.
import { method } from '../../unharmed.ts'

// Taken before the program can change them.
const exec = method(RegExp.prototype.exec)
const slice = method(String.prototype.slice)

/** A line of a text, from 1, without its end. */
export function lineOf(text: string, lineno: number): string {
  const end = /\r\n|[\n\r\u2028\u2029]/g
  let start = 0
  for (let line = 1; ; line++) {
    const match = exec(end, text)
    if (line === lineno || !match) return slice(text, start, match ? match.index : text.length)
    start = match.index + match[0].length
  }
}
