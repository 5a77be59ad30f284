// Estimates of rows whose samples are multisets. Rows with the same multiset and size are of one kind, and
// each kind is decoded once.
import type { SampleMultisets } from '../../model/sample-multisets.ts'
import { TupleIds } from '../../model/tables/typed-arrays.ts'
import { RowDecoder, stepsFor } from './decode.ts'
import type { RowEstimates } from './row-estimates.ts'
import type { RowFunctions } from './rows-without-samples.ts'
import { tableFor } from './size-table.ts'

/** The kinds of a snapshot's rows, and the estimates for each kind. */
export interface Kinds {
  /** Sampling interval in bytes. */
  readonly interval: number
  /** Kind of each row, plus 1; 0 = no samples. */
  readonly ofRow: Uint32Array
  readonly sums: readonly KindSums[]
}

/** What the samples of one row represent: see `RowEstimates`. */
interface KindSums {
  bytes: number
  variance: number
  samples: number
  count: number
  countVariance: number
}

/** Decodes the multisets of rows. `rowSize` holds each row's bytes as reported: the checksum. */
export function kindsOf(multisets: SampleMultisets, rowSize: Float64Array, interval: number): Kinds {
  const steps = stepsFor(multisets.samples.reduce((a, b) => a + b, 0))
  const decoder = new RowDecoder(tableFor(multisets.sizes, interval), steps)
  const ids = new TupleIds(3)
  const tuple = [0, 0, 0]
  const sums: KindSums[] = []
  const ofRow = new Uint32Array(rowSize.length)
  for (let row = 0; row < ofRow.length; row++) {
    const multiset = multisets.ofRow[row]
    if (multiset === 0) continue
    const total = rowSize[row]
    tuple[0] = multiset
    tuple[1] = total >>> 0
    tuple[2] = (total / 2 ** 32) >>> 0
    const kind = ids.intern(tuple)
    if (kind === sums.length) sums.push(decodeKind(decoder, multisets, multiset, total))
    ofRow[row] = kind + 1
  }
  return { interval, ofRow, sums }
}

function decodeKind(
  decoder: RowDecoder,
  multisets: SampleMultisets,
  multiset: number,
  total: number,
): KindSums {
  const from = multisets.start[multiset]
  const end = multisets.start[multiset + 1]
  const values = Float64Array.from(multisets.value.subarray(from, end), value => multisets.sizes[value])
  const all = { bytes: 0, variance: 0, samples: 0, count: 0, countVariance: 0 }
  for (const group of decoder.decode(values, multisets.n.subarray(from, end), total)) {
    all.bytes += group.bytes
    all.variance += group.variance
    all.samples += group.n
    all.count += group.count
    all.countVariance += group.countVariance
  }
  return all
}

/** Estimates by row. Each column is made on request. */
export class MultisetEstimates implements RowEstimates {
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

  /** Fills a column with the values of the rows from `from` on. */
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
