// TypeScript, bundled: a registry whose entries are never removed.
import { z } from 'zod'
// @ts-expect-error no types
import { serve } from '../host.mjs'

interface Entry {
  readonly name: string
  readonly values: readonly number[]
}

class Registry<T> {
  readonly #entries = new Map<string, { value: T; history: number[] }>()

  register(name: string, value: T): void {
    this.#entries.set(name, { value, history: new Array(180).fill(this.#entries.size) })
  }
}

const schema = z.object({ name: z.string(), values: z.array(z.number()) })
const registry = new Registry<string>()
serve(async (i: number) => {
  const entry: Entry = schema.parse({ name: `entry ${i}`, values: [i] })
  registry.register(entry.name, entry.name)
})
