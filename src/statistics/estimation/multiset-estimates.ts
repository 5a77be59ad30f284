// Estimates of rows whose samples are bags: rows of one bag and one size are of one kind, and each kind is decoded once.

import type { SampleMultisets } from '../../model/sample-multisets.ts'
import { TupleIds } from '../../model/tables/typed-arrays.ts'
import { RowDecoder, stepsFor } from './decode.ts'
import type { RowEstimates } from './row-estimates.ts'
import { tableFor } from './size-table.ts'
import type { RowFunctions } from './unsampled.ts'

/** The kinds of a snapshot's rows, and the estimates of each. */
export interface Kinds {
  /** Sampling interval in bytes. */
  readonly interval: number
  /** Kind of each row, plus 1; 0 = no samples. */
  readonly ofRow: Uint32Array
  readonly sums: readonly KindSums[]
}

/** What the samples of one row stand for: see `RowEstimates`. */
interface KindSums {
  bytes: number
  variance: number
  samples: number
  count: number
  countVariance: number
}

/** Decodes the bags of rows. `rowSize` holds each row's bytes as reported: the checksum. */
export function kindsOf(bags: SampleMultisets, rowSize: Float64Array, interval: number): Kinds {
  const steps = stepsFor(bags.samples.reduce((a, b) => a + b, 0))
  const decoder = new RowDecoder(tableFor(bags.sizes, interval), steps)
  const ids = new TupleIds(3)
  const tuple = [0, 0, 0]
  const sums: KindSums[] = []
  const ofRow = new Uint32Array(rowSize.length)
  for (let row = 0; row < ofRow.length; row++) {
    const bag = bags.ofRow[row]
    if (bag === 0) continue
    const total = rowSize[row]
    tuple[0] = bag
    tuple[1] = total >>> 0
    tuple[2] = (total / 2 ** 32) >>> 0
    const kind = ids.intern(tuple)
    if (kind === sums.length) sums.push(decodeBag(decoder, bags, bag, total))
    ofRow[row] = kind + 1
  }
  return { interval, ofRow, sums }
}

function decodeBag(decoder: RowDecoder, bags: SampleMultisets, bag: number, total: number): KindSums {
  const from = bags.start[bag]
  const end = bags.start[bag + 1]
  const values = Float64Array.from(bags.value.subarray(from, end), value => bags.sizes[value])
  const all = { bytes: 0, variance: 0, samples: 0, count: 0, countVariance: 0 }
  for (const lot of decoder.decode(values, bags.n.subarray(from, end), total)) {
    all.bytes += lot.bytes
    all.variance += lot.variance
    all.samples += lot.n
    all.count += lot.count
    all.countVariance += lot.countVariance
  }
  return all
}

/** Estimates by row, each column made when it is asked for. */
export class BagEstimates implements RowEstimates {
  readonly interval: number
  readonly decoded = undefined
  readonly #kinds: Kinds
  readonly #unsampled: RowFunctions

  constructor(kinds: Kinds, unsampled: RowFunctions) {
    this.interval = kinds.interval
    this.#kinds = kinds
    this.#unsampled = unsampled
  }

  get bytes(): Float64Array {
    return this.#column('bytes')
  }

  get variance(): Float64Array {
    return this.#column('variance')
  }

  get samples(): Float64Array {
    return this.#column('samples')
  }

  get count(): Float64Array {
    return this.#column('count')
  }

  get countVariance(): Float64Array {
    return this.#column('countVariance')
  }

  /** Fills a column with what is of the rows from `from` on. */
  fill(name: keyof KindSums, from: number, column: Float64Array): Float64Array {
    const { ofRow, sums } = this.#kinds
    const ofKind = Float64Array.from(sums, kind => kind[name])
    for (let i = 0; i < column.length; i++) {
      const kind = ofRow[from + i]
      column[i] = kind === 0 ? this.#unsampled[name](from + i) : ofKind[kind - 1]
    }
    return column
  }

  #column(name: keyof KindSums): Float64Array {
    return this.fill(name, 0, new Float64Array(this.#kinds.ofRow.length))
  }
}
