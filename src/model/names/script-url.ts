// File names from the script URLs that V8 reports.
import { NATIVE } from '../tables/frames.ts'

/** `file:///a%20b` -> `/a b`, `file:///C:/a` -> `C:\a`; other URLs and invalid escapes are unchanged. */
export function pathOfUrl(url: string): string {
  if (!url.startsWith('file:///')) return url
  const path = url.slice(7).replace(/(?:%[0-9a-f]{2})+/gi, escapes => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
  return /^\/[a-z]:\//i.test(path) ? path.slice(1).replaceAll('/', '\\') : path
}

/** File of a V8 frame. `scriptId` is decimal, `0` = no script. Unnamed scripts are named by number. */
export function fileOf(scriptId: string, url: string, isLineKnown: boolean): string {
  if (url !== '') return pathOfUrl(url)
  if (/^0+$/.test(scriptId)) return NATIVE
  return isLineKnown ? `<eval:${scriptId}>` : `<collected:${scriptId}>`
}

/** Does this name stand for V8's own work, such as `(GC)`? Without a caller its file is `<v8>`. */
export function isPseudoName(functionName: string): boolean {
  return /^\(.+\)$/.test(functionName)
}
