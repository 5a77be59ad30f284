import { NATIVE } from './tables/frames.ts'

/** `file:///a%20b` -> `/a b`, `file:///C:/a` -> `C:\a`; other URLs, and wrong escapes, as they are. */
export function pathOf(url: string): string {
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

/** The file of a frame of V8's. `scriptId` is decimal, `0` = no script; code without a name keeps its script's number. */
export function fileOf(scriptId: string, url: string, isLineKnown: boolean): string {
  if (url !== '') return pathOf(url)
  if (/^0+$/.test(scriptId)) return NATIVE
  return isLineKnown ? `<eval:${scriptId}>` : `<collected:${scriptId}>`
}

/** Is it a name of V8's own work, such as `(GC)`? It is of the file `<v8>` where nothing called it. */
export function isPseudo(functionName: string): boolean {
  return /^\(.+\)$/.test(functionName)
}
