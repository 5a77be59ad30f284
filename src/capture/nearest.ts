// The word that somebody meant who wrote another.
import { createRequire } from 'node:module'

/** The word of the list that is closest to `text`, for messages; undefined if none is close. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  // Loaded here, as only a mistake needs it.
  const { distance } = createRequire(import.meta.url)(
    'fastest-levenshtein',
  ) as typeof import('fastest-levenshtein')
  const distances = words.map(word => ({ word, d: distance(text.toLowerCase(), word.toLowerCase()) }))
  const best = distances.sort((a, b) => a.d - b.d)[0]
  return best && best.d <= Math.max(2, best.word.length / 2) ? best.word : undefined
}
