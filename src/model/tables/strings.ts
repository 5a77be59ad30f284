/** Interned strings. Index 0 is `""`. */
export class Strings {
  readonly #values: string[] = ['']
  readonly #ids = new Map<string, number>([['', 0]])

  get length(): number {
    return this.#values.length
  }

  get(id: number): string {
    return this.#values[id]
  }

  intern(value: string): number {
    let id = this.#ids.get(value)
    if (id === undefined) {
      id = this.#values.length
      this.#values.push(value)
      this.#ids.set(value, id)
    }
    return id
  }
}
