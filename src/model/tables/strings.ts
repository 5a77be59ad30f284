// The table of interned strings.
import type { StringId } from './ids.ts'

/** Interned strings. Index 0 is `""`. */
export class Strings {
  readonly #values: string[] = ['']
  readonly #ids = new Map<string, StringId>([['', 0]])

  get length(): number {
    return this.#values.length
  }

  get(id: StringId): string {
    return this.#values[id]
  }

  intern(value: string): StringId {
    let id = this.#ids.get(value)
    if (id === undefined) {
      id = this.#values.length
      this.#values.push(value)
      this.#ids.set(value, id)
    }
    return id
  }
}
