/** Share of live objects of a size, before anything is known of a node. */
export function sizePrior(size: number): number {
  return (0.02 * 16) / (size * size)
}
