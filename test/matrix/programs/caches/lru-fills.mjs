// lru-cache: a cache that is full before long and then replaces one entry a request.
import { LRUCache } from 'lru-cache'
import { serve } from '../host.mjs'

const cache = new LRUCache({ max: 300 })

function load(i) {
  return { i, cells: new Array(150).fill(i) }
}

serve(async i => {
  if (!cache.has(i)) cache.set(i, load(i))
})
