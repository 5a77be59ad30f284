// Paths as text, written with `/`. Opens nothing.

/** Resolves `.`, `..` and doubled slashes. `..` cannot leave an absolute path's root. */
export function normalize(path: string): string {
  const root = /^([a-z]:)?\//i.exec(path)?.[0] ?? ''
  const parts: string[] = []
  for (const part of path.slice(root.length).split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (root === '') parts.push('..')
  }
  return root + parts.join('/')
}

/** Percent-decodes, if that gives valid text. */
export function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
