// Reads one profile of a file: its samples or events become a weight for each distinct stack.
import { into, type JsonReader, type Reading, type Scalar } from '../../src/bytes/json-reader.ts'
import { TOKEN, type Token } from '../../src/bytes/json-tokens.ts'
import { PackedNumbers } from '../../src/bytes/packed-numbers.ts'
import { reserve } from '../../src/model/tables/typed-arrays.ts'
import type { Calls } from './calls.ts'
import { TIME, take } from './names.ts'

/** A profile of the file. */
export interface Profile {
  readonly path: string
  readonly name: string
  readonly unit: string
  /**
   * Nodes of `Calls` in the order of their first samples, and what each weighs; none where the unit is one of
   * time.
   */
  readonly nodes: Uint32Array
  readonly weights: Float64Array
  /** Number of samples. */
  readonly samples: number
  readonly deepest: number
}

export function* readProfile(reader: JsonReader, path: string, calls: Calls): Reading<Profile> {
  let name: unknown
  let unit: string | undefined
  let type: unknown
  let start: unknown
  const samples = new Samples(reader, path, calls)
  const events = new Events(reader, path, calls)
  const isOfTime = () => unit !== undefined && TIME.has(unit)
  yield* reader.object(path, key => {
    if (key === 'name') return into(reader.value(), value => (name = value))
    if (key === 'unit') return into(reader.string(`${path}.unit`), text => (unit = text))
    if (key === 'type') return into(reader.value(), value => (type = value))
    if (isOfTime()) return undefined
    if (key === 'startValue') return into(reader.value(), value => (start = value))
    if (key === 'events') return type === 'sampled' ? undefined : events.read()
    if (type === 'evented') return undefined
    if (key === 'samples') return samples.readSamples()
    return key === 'weights' ? samples.readWeights() : undefined
  })
  const facts = {
    path,
    name: isOfTime() ? '' : take.string(name ?? '', `${path}.name`),
    unit: take.string(unit, `${path}.unit`),
  }
  if (isOfTime()) return { ...facts, ...new Rows(calls).close(), samples: 0, deepest: 0 }
  if (type === 'sampled') return { ...facts, ...samples.close() }
  if (type === 'evented') return { ...facts, ...events.close(take.number(start, `${path}.startValue`)) }
  return take.fail(`${path}.type`, 'neither sampled nor evented')
}

/** A weight for each node. */
class Rows {
  readonly #calls: Calls
  readonly #path: string
  #nodes = new Uint32Array(0)
  #weights = new Float64Array(0)
  #length = 0

  constructor(calls: Calls, path = '') {
    this.#calls = calls
    this.#path = path
  }

  add(node: number, weight: number): void {
    const row = this.#calls.rowOf(node, this.#length + 1) - 1
    if (row === this.#length) {
      this.#length++
      this.#nodes = reserve(this.#nodes, this.#length)
      this.#weights = reserve(this.#weights, this.#length)
      this.#nodes[row] = node
    }
    this.#weights[row] = take.number(this.#weights[row] + weight, this.#path)
  }

  /** Lets another array have rows. */
  close(): { nodes: Uint32Array; weights: Float64Array } {
    const nodes = this.#nodes.subarray(0, this.#length)
    this.#calls.forget(nodes)
    return { nodes, weights: this.#weights.subarray(0, this.#length) }
  }
}

/** `samples` and `weights`, in either order: the first is kept, packed, until the other comes. */
class Samples {
  readonly #reader: JsonReader
  readonly #path: string
  readonly #calls: Calls
  readonly #rows: Rows
  #nodes: PackedNumbers | undefined
  #weights: PackedNumbers | undefined
  #samples = 0
  #deepest = 0
  #closed: ReturnType<Rows['close']> | undefined

  constructor(reader: JsonReader, path: string, calls: Calls) {
    this.#reader = reader
    this.#path = path
    this.#calls = calls
    this.#rows = new Rows(calls, `${path}.weights`)
  }

  *readSamples(): Reading {
    if (!(yield* this.#reader.begins(TOKEN.array))) return
    const path = `${this.#path}.samples`
    const weights = this.#weights?.reader()
    const nodes = (this.#nodes = new PackedNumbers())
    const where = () => `${path}[${this.#samples}]`
    const { tokens } = this.#reader
    // The stack of the last sample that differed: samples have their beginnings in common.
    const frames: number[] = []
    const known: number[] = []
    let length = 0
    let depth = 0
    let node = 0
    const call = (frame: number) => {
      if (depth < length && frames[depth] === frame) node = known[depth]
      else {
        frames[depth] = frame
        known[depth] = node = this.#calls.call(node, frame, where)
        length = depth + 1
      }
      depth++
    }
    yield* this.#reader.open(path)
    for (;;) {
      let token: Token
      while ((token = tokens.next()) === TOKEN.more) yield
      if (token === TOKEN.arrayEnd) break
      if (token !== TOKEN.array) take.fail(where(), 'not an array')
      node = depth = 0
      for (;;) {
        tokens.wholeNumbers(call)
        while ((token = tokens.next()) === TOKEN.more) yield
        if (token === TOKEN.arrayEnd) break
        call(token === TOKEN.number ? tokens.number() : Number.NaN)
      }
      if (!weights) nodes.add(node)
      else this.#add(node, weights.left > 0 ? weights.take() : Number.NaN)
      this.#deepest = Math.max(this.#deepest, depth)
      this.#samples++
    }
    if (weights) this.#close(weights.left === 0)
  }

  *readWeights(): Reading {
    if (!(yield* this.#reader.begins(TOKEN.array))) return
    const path = `${this.#path}.weights`
    const nodes = this.#nodes?.reader()
    const weights = (this.#weights = new PackedNumbers())
    let i = 0
    const each = (weight: number) => {
      if (!(Math.abs(weight) <= Number.MAX_SAFE_INTEGER)) take.number(Number.NaN, `${path}[${i}]`)
      i++
      if (!nodes) weights.add(weight)
      else if (nodes.left === 0) this.#close(false)
      else this.#rows.add(nodes.take(), weight)
    }
    yield* this.#reader.numbers(path, each)
    if (nodes) this.#close(nodes.left === 0)
  }

  #add(node: number, weight: number): void {
    if (Number.isNaN(weight)) this.#close(false)
    this.#rows.add(node, weight)
  }

  #close(isSameLength: boolean): void {
    if (!isSameLength) take.fail(`${this.#path}.weights`, 'not as many as samples')
    this.#closed = this.#rows.close()
  }

  close(): Omit<Profile, 'path' | 'name' | 'unit'> {
    if (!this.#nodes) take.fail(`${this.#path}.samples`, 'not an array')
    if (!this.#closed) return take.fail(`${this.#path}.weights`, 'not an array')
    return { ...this.#closed, samples: this.#samples, deepest: this.#deepest }
  }
}

/** `events`: between two of them, what is open gains the distance. */
class Events {
  readonly #reader: JsonReader
  readonly #path: string
  readonly #calls: Calls
  readonly #rows: Rows
  #closed: ReturnType<Rows['close']> | undefined
  #first: number | undefined
  #last = 0
  #node = 0
  #depth = 0
  #deepest = 0

  constructor(reader: JsonReader, path: string, calls: Calls) {
    this.#reader = reader
    this.#path = `${path}.events`
    this.#calls = calls
    this.#rows = new Rows(calls, path)
  }

  *read(): Reading {
    if (!(yield* this.#reader.begins(TOKEN.array))) return
    yield* this.#reader.records(this.#path, ['type', 'frame', 'at'], (event, i) => this.#add(event, i))
    if (this.#depth > 0) take.fail(this.#path, 'a frame stays open')
    this.#closed = this.#rows.close()
  }

  #add([type, frame, time]: readonly Scalar[], i: number): void {
    const path = () => `${this.#path}[${i}]`
    const isNumber = typeof time === 'number' && Math.abs(time) <= Number.MAX_SAFE_INTEGER
    const at = isNumber ? time : take.number(time, `${path()}.at`)
    if (this.#first === undefined) {
      this.#rows.add(0, 0) // gains what lies between the start, which may come later, and here
      this.#first = this.#last = at
    }
    if (at < this.#last) take.fail(`${path()}.at`, 'goes back')
    if (at > this.#last) this.#rows.add(this.#node, at - this.#last)
    this.#last = at
    const index = typeof frame === 'number' ? frame : take.index(frame, 2 ** 32, `${path()}.frame`)
    const isOpened = type === 'O'
    const next = isOpened
      ? this.#calls.call(this.#node, index, () => `${path()}.frame`)
      : this.#calls.close(this.#node, index, path)
    if (!(isOpened || type === 'C') || next < 0)
      take.fail(path(), 'neither opens a frame nor closes the open one')
    this.#node = next
    this.#depth += isOpened ? 1 : -1
    this.#deepest = Math.max(this.#deepest, this.#depth)
  }

  close(start: number): Omit<Profile, 'path' | 'name' | 'unit'> {
    if (!this.#closed) return take.fail(this.#path, 'not an array')
    let { nodes, weights } = this.#closed
    if (this.#first !== undefined) {
      if (this.#first < start) take.fail(`${this.#path}[0].at`, 'goes back')
      weights[0] += this.#first - start
      if (weights[0] === 0) [nodes, weights] = [nodes.subarray(1), weights.subarray(1)]
    }
    return { nodes, weights, samples: nodes.length, deepest: this.#deepest }
  }
}
