// ES modules: an async generator whose events are all kept by its consumer's closure.
import { serve } from '../host.mjs'

const kept = new Set()

async function* events(i) {
  for (let k = 0; k < 10; k++) {
    await null
    yield { id: `${i}.${k}`, fields: new Array(20).fill(k) }
  }
}

serve(async i => {
  for await (const event of events(i)) kept.add(event)
})
