import { NATIVE, V8 } from './frames.ts'

/** File of code that has no name of its own: `eval`, `new Function`, a script whose name is gone. */
export const EVAL = '<eval>'

/** A script's address as a file name: `file:` addresses become paths, others stay as they are. */
export function filenameOf(url: string): string {
  if (!url.startsWith('file://')) return url
  const path = url.slice(7)
  if (!path.startsWith('/')) return url // a file of another host
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    decoded = path
  }
  return /^\/[A-Za-z]:\//.test(decoded) ? decoded.slice(1) : decoded
}

/**
 * The file of one of V8's frames. `hasScript` tells code without a name from built-ins; a name in parentheses without a
 * script, such as `(GC)`, is V8's own work.
 */
export function fileOfFrame(url: string, hasScript: boolean, functionName: string): string {
  if (url !== '') return filenameOf(url)
  if (hasScript) return EVAL
  return /^\(.*\)$/.test(functionName) ? V8 : NATIVE
}
