/** Shares of live objects by size, in programs of many kinds. */
const USUAL_SIZES: readonly (readonly [size: number, share: number])[] = [
  [16, 0.2],
  [24, 0.2],
  [32, 0.15],
  [40, 0.1],
  [48, 0.1],
  [56, 0.05],
]

const shares = new Map(USUAL_SIZES)

/** Share of live objects that are of `size` bytes, before anything is known of a program. The tail is for sizes unheard of. */
export function sizePrior(size: number): number {
  return (shares.get(size) ?? 0) + (0.02 * 16) / (size * size)
}

/** Mean of `f` over the prior. */
export function expectedPrior(f: (size: number) => number): number {
  let sum = 0
  for (const [size, share] of shares) sum += share * f(size)
  // The tail in steps that double: each octave of multiples of 8 from 2^k on weighs 0.02 * 16 / (2^k * 16).
  for (let size = 16; size < 2 ** 40; size *= 2) sum += (0.02 / size) * f(size * 1.4)
  return sum
}
