// Reads a pprof file: its messages, then its samples as rows of snapshots.
import { readFields } from '../../src/bytes/protobuf.ts'
import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import { SnapshotBuilder } from '../../src/model/builder.ts'
import type { SnapshotMeta } from '../../src/model/meta.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import type { ReadOptions } from '../converter.ts'
import { Lookup } from './lookup.ts'
import { type Measured, measuredBy } from './measures.ts'
import type { PrivateSnapshot } from './private.ts'
import { Profile } from './profile.ts'

/** Most bytes of a file, unless the caller says otherwise, and whatever the caller says. */
const LARGEST = 2 ** 30
const LARGEST_EVER = 2 ** 31

/** All snapshots of a pprof file. Throws FormatError. */
export async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  try {
    const profile = new Profile(options.samples !== false)
    const limit = Math.min(options.maxSize ?? LARGEST, LARGEST_EVER)
    await readFields(source, limit, field => profile.readField(field))
    if (profile.length === 0) throw new FormatError('truncated', 'the file is empty', { offset: 0 })
    return profile.private.isOurs ? ourSnapshots(profile, options) : foreignSnapshots(profile, options)
  } catch (error) {
    if (error instanceof FormatError) {
      const { code, reason, offset, path, cause, hint } = error
      throw new FormatError(code, reason, { format: 'pprof', offset, path, cause, hint })
    }
    if (error instanceof RangeError) {
      throw new FormatError('too-large', 'more than memory can hold', { format: 'pprof', cause: error })
    }
    throw error
  }
}

function ourSnapshots(profile: Profile, options: ReadOptions): Snapshot[] {
  const { length, width, private: own } = profile
  if (!own.hasEnd) throw new FormatError('truncated', 'the end mark is missing', { offset: length })
  const { snapshots } = own
  const rows = snapshots.reduce((sum, snapshot) => sum + snapshot.rows, 0)
  const tables = new Tables()
  const lookup = new Lookup(profile, tables)
  const places = placesOf(profile, lookup)
  if (
    snapshots.length === 0 ||
    snapshots.length !== places.length ||
    rows !== profile.sampleStack.length ||
    (rows > 0 && width !== profile.sampleTypes.length)
  ) {
    throw new FormatError('malformed', 'the samples do not fit the snapshots', {
      offset: length,
      path: 'tracemalloc',
    })
  }
  const stacks = lookup.stacks()
  let first = 0
  return snapshots.map((snapshot, i) => {
    const built = ourSnapshot(profile, snapshot, i, places[i], first, stacks, lookup, tables)
    first += snapshot.rows
    const { interval } = options
    if (interval === undefined || snapshot.meta.accuracy === 'exact') return built
    return built.with({ meta: { interval, intervalSource: 'given' } })
  })
}

/** Where a sample has the values of a snapshot. */
interface Place {
  size: number
  /** Absent where the number of blocks is known of no row. */
  count: number | undefined
}

/** The places of our snapshots: each has `objects` and `space`, or `space` alone. */
function placesOf(profile: Profile, lookup: Lookup): Place[] {
  const places: Place[] = []
  let count: number | undefined
  for (const [i, { unit, offset }] of profile.sampleTypes.entries()) {
    if (lookup.text(unit, offset, `sample_type[${i}].unit`) === 'count') count = i
    else {
      places.push({ size: i, count })
      count = undefined
    }
  }
  return places
}

function ourSnapshot(
  profile: Profile,
  own: PrivateSnapshot,
  number: number,
  place: Place,
  first: number,
  stacks: Uint32Array,
  lookup: Lookup,
  tables: Tables,
): Snapshot {
  const { rows, columns } = own
  const path = `tracemalloc.snapshot[${number}]`
  const fail = (what: string): never => {
    throw new FormatError('malformed', `column ${what}`, { offset: own.offset, path })
  }
  for (const [name, values] of columns) {
    if (!name.startsWith('sample.') && values.length !== rows)
      fail(`${name} has ${values.length} values of ${rows}`)
  }
  const column = (name: string, isGood: (value: number) => boolean) => {
    const values = columns.get(name)
    if (values && !values.every(isGood)) fail(`${name}: a value out of range`)
    return values
  }
  const type = column('type', isUint32)
  const domain = column('domain', isUint32)
  const totalNframe = column('totalNframe', isUint32)
  const size = column('size', isExact)
  const count = column('count', value => Number.isNaN(value) || isExact(value))
  const { width } = profile
  const values = profile.sampleValues.values
  const sampleStack = profile.sampleStack.values
  const builder = new SnapshotBuilder(tables)
  for (let row = 0; row < rows; row++) {
    const at = (first + row) * width
    builder.add(
      stacks[sampleStack[first + row]],
      size ? size[row] : values[at + place.size],
      count ? count[row] : place.count === undefined ? Number.NaN : values[at + place.count],
      domain?.[row],
      type && lookup.string(type[row], own.offset, `${path}.type[${row}]`),
      totalNframe?.[row],
    )
  }
  const sampleRow = column('sample.row', row => isUint32(row) && row < rows)
  const sampleSize = column('sample.size', isExact)
  const ordinal = column('sample.ordinal', isExact)
  const samples = sampleRow?.length ?? 0
  if ((sampleSize?.length ?? 0) !== samples || (ordinal?.length ?? 0) !== samples)
    fail('sample.*: different lengths')
  if (sampleRow && sampleSize && ordinal) {
    for (let i = 0; i < samples; i++) builder.addSample(sampleRow[i], sampleSize[i], ordinal[i])
  }
  return builder.build(own.meta, own.tracebackLimit)
}

function isUint32(value: number): boolean {
  return value >>> 0 === value
}

function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

function foreignSnapshots(profile: Profile, options: ReadOptions): Snapshot[] {
  const tables = new Tables()
  const lookup = new Lookup(profile, tables)
  const sampleTypes = profile.sampleTypes.map(({ type, unit, offset }, i) => ({
    type: lookup.text(type, offset, `sample_type[${i}].type`),
    unit: lookup.text(unit, offset, `sample_type[${i}].unit`),
    offset,
  }))
  if (profile.width !== 0 && profile.width !== sampleTypes.length) {
    const reason = `${sampleTypes.length} sample types, but samples of ${profile.width} values`
    throw new FormatError('malformed', reason, { offset: profile.stackOffset.at(0), path: 'sample[0]' })
  }
  const measured = measuredBy(sampleTypes)
  const stacks = lookup.stacks()
  const meta = foreignMeta(profile, lookup, options)
  return measured.map(one => {
    const named =
      measured.length > 1
        ? { ...meta, measure: one.measure, name: one.name }
        : { ...meta, measure: one.measure }
    if (one.note) named.notes = [...(meta.notes ?? []), one.note]
    return foreignSnapshot(profile, one, stacks, tables, named, lookup.deepest)
  })
}

function foreignSnapshot(
  profile: Profile,
  measured: Measured,
  stacks: Uint32Array,
  tables: Tables,
  meta: SnapshotMeta,
  deepest: number,
): Snapshot {
  const values = profile.sampleValues.values
  const sampleStack = profile.sampleStack.values
  const builder = new SnapshotBuilder(tables)
  for (let i = 0; i < sampleStack.length; i++) {
    const at = i * profile.width
    const size = measured.size < 0 ? 0 : values[at + measured.size] * measured.unit
    const count = measured.count < 0 ? Number.NaN : values[at + measured.count]
    if (!Number.isSafeInteger(size)) {
      throw new FormatError('too-large', 'a size above 2^53 bytes', {
        path: `sample[${i}].value[${measured.size}]`,
      })
    }
    if (size !== 0 || Math.abs(count) > 0) builder.add(stacks[sampleStack[i]], size, count)
  }
  return builder.build(meta, deepest)
}

/** What a file that is not ours says of itself. */
function foreignMeta(profile: Profile, lookup: Lookup, options: ReadOptions): SnapshotMeta {
  const { periodType, period } = profile
  const isBytes =
    periodType && lookup.text(periodType.unit, periodType.offset, 'period_type.unit') === 'bytes'
  const recorded = isBytes && period > 0 ? period : undefined
  const interval = options.interval ?? recorded
  const isExact = interval === 1
  const meta: SnapshotMeta = {
    source: 'pprof',
    measure: 'live',
    // Without a period the file does not say; heap profilers that see every block are rare.
    accuracy: isExact ? 'exact' : 'sampled',
    counts: isExact ? 'exact' : 'estimated',
  }
  if (interval !== undefined) {
    meta.interval = interval
    meta.intervalSource = options.interval === undefined ? 'recorded' : 'given'
  }
  if (profile.time !== 0) meta.time = profile.time
  if (profile.labels > 0) meta.skipped = { labels: profile.labels }
  return meta
}
