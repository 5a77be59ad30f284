// The field numbers of pprof's messages.
/** Field numbers of `profile.proto`; fields that nobody here reads or writes are left out. */
export const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  stringTable: 6,
  dropFrames: 7,
  keepFrames: 8,
  timeNanos: 9,
  periodType: 11,
  period: 12,
  defaultSampleType: 14,
  docUrl: 15,
} as const

export const VALUE_TYPE = { type: 1, unit: 2 } as const
export const SAMPLE = { locationId: 1, value: 2, label: 3 } as const
export const LOCATION = { id: 1, address: 3, line: 4 } as const
export const LINE = { functionId: 1, line: 2, column: 3 } as const
export const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4, startLine: 5 } as const
/** Fields that are string indices, of messages that are not read otherwise. */
export const MAPPING_STRINGS: readonly number[] = [5, 6] // filename, build_id
export const LABEL_STRINGS: readonly number[] = [1, 2, 4] // key, str, num_unit

/**
 * Ours: a field of Profile that readers of pprof skip. Each occurrence is one `PART`; docs/dump-format.md has
 * the layout. The number is "v8" in ASCII.
 */
export const PRIVATE = 0x7638
export const PART = { mark: 1, snapshot: 2, column: 3, text: 4, end: 5 } as const
export const PART_SNAPSHOT = { meta: 1, rows: 2, tracebackLimit: 3 } as const
export const PART_COLUMN = { name: 1, integers: 2, doubles: 3 } as const
export const PART_TEXT = { index: 1, utf16: 2 } as const

/** Version of the private field. */
export const VERSION = 1
