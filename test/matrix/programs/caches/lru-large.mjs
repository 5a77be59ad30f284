// lru-cache: a large cache, full from the start, of which the requests replace a part.
import { LRUCache } from 'lru-cache'
import { serve } from '../host.mjs'

const cache = new LRUCache({ max: 4000 })

function load(i) {
  return { i, cells: new Array(150).fill(i) }
}

for (let i = -4000; i < 0; i++) cache.set(i, load(i))

serve(async i => {
  cache.set(i, load(i))
})
