// Is a member at its place in a JSON text? Asked of the first bytes of a file, to tell its format.
import { FormatError } from '../errors.ts'
import { JsonTokens, TOKEN } from './json-tokens.ts'

/**
 * `yes` where the member at this path of keys is an object's own, with a value like `value`, if that is
 * asked. `more` where it may be in later bytes.
 */
export function memberIn(head: Uint8Array, path: readonly string[], value?: RegExp): 'yes' | 'no' | 'more' {
  const tokens = new JsonTokens('json')
  let found = 0 // keys of the path that are open
  try {
    tokens.push(head)
    const first = tokens.next()
    if (first !== TOKEN.object) return first === TOKEN.more ? 'more' : 'no'
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more) return tokens.depth === 0 ? 'no' : 'more'
      found = Math.min(found, tokens.depth - 1)
      if (token !== TOKEN.key || tokens.depth !== found + 1 || !tokens.is(path[found])) continue
      if (++found < path.length) continue
      if (!value) return 'yes'
      const kind = tokens.next()
      if (kind === TOKEN.more) return 'more'
      return kind === TOKEN.string && value.test(tokens.text()) ? 'yes' : 'no'
    }
  } catch (error) {
    if (error instanceof FormatError) return 'no'
    throw error
  }
}
