import { FormatError } from '../../src/errors.ts'
import type { Measure } from '../../src/model/meta.ts'

/** A snapshot that a file's sample types make: which of a sample's values are its bytes and its blocks, -1 = none. */
export interface Measured {
  name: string
  measure: Measure
  size: number
  count: number
  /** Bytes of one unit of size. */
  unit: number
  note?: string
}

interface SampleType {
  type: string
  unit: string
  /** In the file. */
  offset: number
}

const UNITS = new Map([
  ['bytes', 1],
  ['byte', 1],
  ['b', 1],
  ['kilobytes', 1024],
  ['kilobyte', 1024],
  ['kb', 1024],
  ['kib', 1024],
  ['megabytes', 1024 ** 2],
  ['megabyte', 1024 ** 2],
  ['mb', 1024 ** 2],
  ['mib', 1024 ** 2],
])

/** Words of a sample type's name that say what is counted; the others say of what: `alloc_space`, `heap-samples`. */
const COUNTED = /^(space|size|bytes|objects?|counts?|samples?|allocations)$/

/**
 * One snapshot for each sample type in bytes, with the sample type of counts that has the same name but for the word that
 * is counted; where no bytes are counted, one for each sample type of objects. Throws FormatError `unsupported` for a
 * profile of something else, such as CPU time.
 */
export function measuredBy(sampleTypes: readonly SampleType[]): Measured[] {
  const indices = sampleTypes.map((_, i) => i)
  const sizes = indices.filter(i => UNITS.has(sampleTypes[i].unit.toLowerCase()))
  const counts = indices.filter(i => sampleTypes[i].unit === 'count')
  if (sizes.length > 0) {
    return sizes.map(size => {
      const { type, unit } = sampleTypes[size]
      const count = counts.find(i => subject(sampleTypes[i].type) === subject(type)) ?? -1
      const measured: Measured = {
        name: type,
        measure: measureOf(type),
        size,
        count,
        unit: UNITS.get(unit.toLowerCase()) as number,
      }
      if (count < 0) measured.note = 'the file does not count blocks'
      return measured
    })
  }
  const objects = counts.filter(i => /object|alloc/.test(sampleTypes[i].type))
  if (objects.length === 0) {
    const found = sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(', ')
    throw new FormatError('unsupported', `not a profile of memory: ${found || 'no sample types'}`, {
      offset: sampleTypes[0]?.offset,
      path: 'sample_type',
    })
  }
  return objects.map(count => ({
    name: sampleTypes[count].type,
    measure: measureOf(sampleTypes[count].type),
    size: -1,
    count,
    unit: 1,
    note: 'the file has no sizes',
  }))
}

/** `alloc` of `alloc_space`; also equal for `alloc_objects`. */
function subject(type: string): string {
  return type
    .split(/[_-]/)
    .filter(word => !COUNTED.test(word))
    .join('_')
}

function measureOf(type: string): Measure {
  if (/peak/.test(type)) return 'peak'
  return /alloc/.test(type) ? 'allocated' : 'live'
}
