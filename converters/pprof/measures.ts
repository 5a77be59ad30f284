// Which of a pprof file's sample types are bytes, and which of them are the matching numbers of blocks.
import { FormatError } from '../../src/errors.ts'
import type { Measure } from '../../src/model/meta.ts'

/**
 * A snapshot that a file's sample types make: which of a sample's values are its bytes and its blocks, -1 =
 * none.
 */
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

/**
 * Words of a sample type's name that say what is counted; the others say of what: `alloc_space`, `heap-
 * samples`, `inuseObjects`.
 */
const COUNTED = /^(space|size|bytes|objects?|counts?|samples?|blocks?|allocations)$/
/** Units of numbers of blocks. */
const BLOCKS = /^(counts?|objects?|blocks?|allocations?|allocs?)$/i
/** Units of time. */
const TIME = /^(ns|us|ms|s|(nano|micro|milli)?seconds?)$/i
/** Numbers of blocks are of memory if their name, or their unit, says so: not of calls or goroutines. */
const OF_MEMORY = /alloc|object|in_?use|heap|malloc|mem|live/i

/**
 * One snapshot for each sample type in bytes, with the sample type of counts that has the same name but for
 * the word that is counted; where no bytes are counted, one for each sample type of objects. Throws
 * FormatError `unsupported` for a profile of something else, such as CPU time.
 */
export function measuredBy(sampleTypes: readonly SampleType[]): Measured[] {
  const indices = sampleTypes.map((_, i) => i)
  const sizes = indices.filter(i => UNITS.has(sampleTypes[i].unit.toLowerCase()))
  const counts = indices.filter(i => BLOCKS.test(sampleTypes[i].unit))
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
  const isTimed = sampleTypes.some(({ unit }) => TIME.test(unit))
  const objects = counts.filter(i => OF_MEMORY.test(`${sampleTypes[i].type} ${sampleTypes[i].unit}`))
  if (objects.length === 0) {
    const found = sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(', ')
    const reason = `not a profile of memory${isTimed ? ' but of time' : ''}: ${found || 'no sample types'}`
    throw new FormatError('unsupported', reason, {
      offset: sampleTypes[0]?.offset,
      path: 'sample_type',
      hint: 'a heap profile has bytes, as inuse_space of Go',
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
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_-]/)
    .filter(word => !COUNTED.test(word))
    .join('_')
}

function measureOf(type: string): Measure {
  if (/peak/i.test(type)) return 'peak'
  return /alloc/i.test(type) ? 'allocated' : 'live'
}
