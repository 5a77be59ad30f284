/** z of 95 % significance and 80 % power together: 3 finds half, 4.28 nine tenths. */
const Z = 3.84
/** Intervals of growth that are found with 80 % power in two reads of one session, when nothing is freed. */
const PAIRED = 12

/**
 * Growth in bytes of a site of `size` bytes that is found in four of five cases: (z^2 r + sqrt(z^4 r^2 + 8 z^2 S r)) / 2. In two reads
 * of one session only what was freed counts as `size`, and no growth below 12 intervals is found.
 */
export function detectableGrowth(size: number, interval: number, isPaired: boolean): number {
  if (interval <= 1) return 0
  const z2r = Z * Z * interval
  const growth = (z2r + Math.sqrt(z2r * z2r + 8 * z2r * size)) / 2
  return isPaired && size === 0 ? PAIRED * interval : growth
}

/** The interval at which `growth` is just found: the inverse of `detectableGrowth`. */
export function intervalFor(size: number, growth: number, isPaired: boolean): number {
  if (isPaired && size === 0) return growth / PAIRED
  return (growth * growth) / (Z * Z * (growth + 2 * size))
}
