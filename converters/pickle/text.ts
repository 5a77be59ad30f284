// Python's text in pickles is UTF-8 with `surrogatepass`: a lone surrogate is three bytes, as if it were a
// character.

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const UNPAIRED = /\p{Surrogate}/u

/** Decodes UTF-8 that may hold lone surrogates. Undefined where it is anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return decodeWithSurrogates(bytes)
  }
}

/** The pieces between surrogates (ED A0..BF 80..BF) are plain UTF-8. */
function decodeWithSurrogates(bytes: Uint8Array): string | undefined {
  const parts: string[] = []
  let from = 0
  try {
    for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
      if (!(bytes[at + 1] >= 0xa0 && bytes[at + 1] <= 0xbf && bytes[at + 2] >> 6 === 2)) continue
      parts.push(decoder.decode(bytes.subarray(from, at)))
      parts.push(String.fromCharCode(0xd000 | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f)))
      from = at + 3
    }
    parts.push(decoder.decode(bytes.subarray(from)))
  } catch {
    return undefined
  }
  return parts.join('')
}

/** Encodes text as Python's pickle does. */
export function encodeText(text: string): Uint8Array {
  if (!UNPAIRED.test(text)) return encoder.encode(text)
  const bytes: number[] = []
  for (const character of text) {
    const code = character.charCodeAt(0)
    if (character.length === 1 && code >= 0xd800 && code <= 0xdfff) {
      bytes.push(0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    } else bytes.push(...encoder.encode(character))
  }
  return Uint8Array.from(bytes)
}

/**
 * Decodes `raw-unicode-escape` (protocol 0): Latin-1, `\uXXXX`, `\UXXXXXXXX`. Undefined for a broken escape.
 */
export function decodeRawUnicodeEscape(bytes: Uint8Array): string | undefined {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    // Python writes a backslash itself as \u005c, so one that stands for itself is never followed by u.
    const digits = bytes[at] !== 0x5c ? 0 : bytes[at + 1] === 0x75 ? 4 : bytes[at + 1] === 0x55 ? 8 : 0
    if (digits === 0) {
      text += String.fromCharCode(bytes[at++])
      continue
    }
    const hex = String.fromCharCode(...bytes.subarray(at + 2, at + 2 + digits))
    const code = Number.parseInt(hex, 16)
    if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex) || code > 0x10ffff) return undefined
    text += String.fromCodePoint(code)
    at += 2 + digits
  }
  return text
}
