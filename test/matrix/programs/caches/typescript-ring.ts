// TypeScript, bundled: a ring of the last 200 states, with immer.
import { produce } from 'immer'
// @ts-expect-error no types
import { serve } from '../host.mjs'

interface State {
  readonly count: number
  readonly items: readonly { readonly id: number }[]
}

class Ring<T> {
  readonly #slots: T[] = []
  #next = 0
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  push(value: T): void {
    this.#slots[this.#next++ % this.#size] = value
  }
}

const ring = new Ring<State>(200)
let state: State = { count: 0, items: [] }
serve(async (i: number) => {
  state = produce(state, draft => {
    draft.count++
    draft.items.push({ id: i })
    if (draft.items.length > 50) draft.items.shift()
  })
  ring.push(state)
})
