// The URL of a script's source map.
import { FormatError } from '../errors.ts'

const MARK = 'sourceMappingURL='

/**
 * The URL in a script's `//# sourceMappingURL=` comment (or `//@`, its old form), or undefined. Only comments
 * and blank lines may follow it, so that a string that looks like one does not count; the last one wins.
 * Follows "JavaScriptExtractSourceMapURL, without parsing" of ECMA-426.
 * @param text the script, or its last lines
 */
export function sourceMappingURL(text: string): string | undefined {
  for (let end = text.length; end >= 0; ) {
    let start = end
    while (start > 0 && !isLineEnd(text.charCodeAt(start - 1))) start--
    const line = text.slice(start, end).trim()
    const mark = line.lastIndexOf(MARK) // one search per line, so no line costs more than its length
    if (mark >= 0) {
      const url = line.slice(mark + MARK.length)
      const isComment = /\/\/[#@]\s*$/.test(line.slice(Math.max(0, mark - 16), mark))
      // After code, a quote can be the end of a string that looks like a comment.
      const isAddress = line.startsWith('//') ? /^\S+$/ : /^[^\s'"`]+$/
      if (isComment && isAddress.test(url)) return url
    }
    if (line !== '' && !line.startsWith('//') && !(line.startsWith('/*') && line.endsWith('*/')))
      return undefined
    end = start - 1
  }
  return undefined
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029
}

/** The text of a `data:` URL: base64 or percent-encoded UTF-8. Throws FormatError `malformed`. */
export function decodeDataUrl(url: string): string {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma < 0) throw malformed('not a data address')
  const body = url.slice(comma + 1)
  try {
    if (!/;\s*base64\s*$/i.test(url.slice(0, Math.min(comma, 256)))) return decodeURIComponent(body)
    const binary = atob(body.includes('%') ? decodeURIComponent(body) : body)
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw malformed('the data address is damaged', error)
  }
}

function malformed(reason: string, cause?: unknown): FormatError {
  return new FormatError('malformed', reason, { format: 'source map', cause })
}
