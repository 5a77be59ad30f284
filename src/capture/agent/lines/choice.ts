// Which files of a program are rewritten for lines.
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileGlob } from '../../../model/glob.ts'
import { method } from '../unharmed.ts'

// Taken before the program can change them.
const includes = method(String.prototype.includes as (text: string) => boolean)
const startsWith = method(String.prototype.startsWith as (text: string) => boolean)

/**
 * `own`: the program's own files; `all`: those in node_modules as well; `auto`: of all these, the functions
 * that held the most in the program's last snapshot; anything else is a pattern for paths, as in filters.
 */
export type Lines = string

/** Where this library's own code is. */
const [SOURCES, CONVERTERS] = ['../../../', '../../../../converters/'].map(path =>
  fileURLToPath(new URL(path, import.meta.url)),
)

const PACKAGES = `${sep}node_modules${sep}`

/** Tells by its path whether a file is rewritten. */
export function chosenBy(lines: Lines): (path: string) => boolean {
  const isWanted = isWantedBy(lines)
  return path => !startsWith(path, SOURCES) && !startsWith(path, CONVERTERS) && isWanted(path)
}

function isWantedBy(lines: Lines): (path: string) => boolean {
  if (lines === 'all' || lines === 'auto') return () => true
  if (lines === 'own') return path => !includes(path, PACKAGES)
  const [whole, ending] = [compileGlob(lines), compileGlob(`*${sep}${lines}`)]
  return path => whole(path) || ending(path)
}
