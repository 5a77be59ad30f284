// The checksum of a row: what V8 reports for its samples adds up to the row's `selfSize`.

/** Ways to divide a lot's samples among object sizes, as columns. */
export interface Splits {
  /** Probability before anything else is known. */
  readonly weight: Float64Array
  /** What V8 reports for these objects, the lot's part of the checksum, in units of V8's granularity. */
  readonly reported: Float64Array
  /** Sums over the lot's objects: sizes; bytes and blocks that they stand for; variances of these. */
  readonly size: Float64Array
  readonly bytes: Float64Array
  readonly count: Float64Array
  readonly variance: Float64Array
  readonly countVariance: Float64Array
}

/** Partial sums of a row that are told apart at most. */
const MOST_SUMS = 1 << 16

/** Works out checksums, within a number of steps for all: time stays in proportion to the samples, whatever a file holds. */
export class Checksum {
  /** Steps left; from 0 on nothing is worked out any more. */
  steps: number
  /** Weights of the partial sums before each lot, one list behind the other; and of what must follow each. */
  #before = new Float64Array(64)
  #after = new Float64Array(64)

  constructor(steps: number) {
    this.steps = steps
  }

  /**
   * Probabilities of each lot's splits given that what they report adds up to `total` (in the same units), by the forward and
   * backward sums of a chain. Undefined where no splits do, or where that takes too long. Lots of one split are certain.
   */
  weigh(lots: readonly Splits[], total: number): Float64Array[] | undefined {
    const open = lots.filter(isOpen)
    if (open.length === 0) return lots.map(lot => lot.weight)
    for (const lot of lots) if (!isOpen(lot)) total -= lot.reported[0]
    const places = Number.isInteger(total) ? placesOf(open, total) : undefined
    if (!places || !this.#forward(open, places)) return undefined
    const found = this.#backward(open, places)
    let next = 0
    return lots.map(lot => (isOpen(lot) ? found[next++] : lot.weight))
  }

  /** Fills `#before`: false where nothing adds up. */
  #forward(lots: readonly Splits[], { least, start }: Places): boolean {
    const end = start[lots.length + 1]
    this.steps -= end >> 3
    if (this.#before.length < end) {
      this.#before = new Float64Array(end * 2)
      this.#after = new Float64Array(end * 2)
    }
    const before = this.#before.fill(0, 0, end)
    before[0] = 1
    for (let i = 0; i < lots.length; i++) {
      const { weight, reported } = lots[i]
      const from = start[i + 1]
      const length = start[i + 2] - from
      for (let at = start[i]; at < from; at++) {
        const earlier = before[at]
        if (earlier === 0) continue
        if ((this.steps -= weight.length) < 0) return false
        const shift = at - start[i] + least[i] - least[i + 1]
        for (let k = 0; k < weight.length; k++) {
          const place = shift + reported[k]
          if (place >= 0 && place < length) before[from + place] += earlier * weight[k]
        }
      }
    }
    return before[end - 1] > 0
  }

  #backward(lots: readonly Splits[], { least, start }: Places): Float64Array[] {
    const before = this.#before
    const after = this.#after
    const end = start[lots.length + 1]
    const found: Float64Array[] = []
    after[end - 1] = 1 / before[end - 1]
    for (let i = lots.length - 1; i >= 0; i--) {
      const { weight, reported } = lots[i]
      const from = start[i + 1]
      const length = start[i + 2] - from
      const chance = new Float64Array(weight.length)
      for (let at = start[i]; at < from; at++) {
        let sum = 0
        if (before[at] > 0) {
          const shift = at - start[i] + least[i] - least[i + 1]
          for (let k = 0; k < weight.length; k++) {
            const place = shift + reported[k]
            if (!(place >= 0 && place < length)) continue
            const later = weight[k] * after[from + place]
            sum += later
            chance[k] += before[at] * later
          }
        }
        after[at] = sum
      }
      found[i] = chance
    }
    return found
  }
}

/** The partial sums before each lot and behind the last that can lead to the total: the least of them, and where their list starts. */
interface Places {
  readonly least: Float64Array
  readonly start: Float64Array
}

/** Undefined where nothing leads to the total, or too much. */
function placesOf(lots: readonly Splits[], total: number): Places | undefined {
  const n = lots.length
  const least = new Float64Array(n + 1)
  const most = new Float64Array(n + 1)
  // First what the lots before can add, then what is left of it by what those behind must.
  for (let i = 0; i < n; i++) {
    const [low, high] = rangeOf(lots[i].reported)
    least[i + 1] = least[i] + low
    most[i + 1] = most[i] + high
  }
  const [allLeast, allMost] = [least[n], most[n]]
  const start = new Float64Array(n + 2)
  for (let i = 0; i <= n; i++) {
    const low = Math.max(least[i], total - (allMost - most[i]))
    const high = Math.min(most[i], total - (allLeast - least[i]))
    if (!(low <= high)) return undefined
    least[i] = low
    start[i + 1] = start[i] + high - low + 1
  }
  return start[n + 1] <= MOST_SUMS ? { least, start } : undefined
}

function rangeOf(values: Float64Array): [low: number, high: number] {
  let low = Infinity
  let high = -Infinity
  for (let k = 0; k < values.length; k++) {
    low = Math.min(low, values[k])
    high = Math.max(high, values[k])
  }
  return [low, high]
}

function isOpen({ weight }: Splits): boolean {
  return weight.length > 1
}
