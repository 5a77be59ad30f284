// The same work twice: a cache filled by `handler`, called in a `loop`, first cold, then hot. It holds the same bytes both times.

function handler(cache, slot, n) {
  const rows = []
  for (let i = 0; i < n; i++) rows.push({ i, slot, text: null })
  cache[slot] = rows
}

function loop(cache, slots, n) {
  for (let slot = 0; slot < slots; slot++) handler(cache, slot, n)
}

export async function run() {
  const cache = new Array(200)
  loop(cache, cache.length, 300)
  return cache
}

/** Warms both functions up, then fills the cache again. */
export function again(cache) {
  const scratch = new Array(200)
  for (let i = 0; i < 400; i++) loop(scratch, scratch.length, 2)
  loop(cache, cache.length, 300)
}
