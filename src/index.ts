// The library: everything that `import 'tracemalloc'` offers.

export { FormatError, type FormatErrorCode, TargetError, TracemallocError, UsageError } from './errors.ts'
export {
  type BatchRequest,
  type BatchResult,
  batch,
  type Point,
  type SeriesResult,
  type SeriesStep,
} from './library/batch.ts'
export {
  assertLeavesAtMost,
  type Growth,
  GrowthError,
  type GrowthOptions,
  measureGrowth,
} from './library/growth.ts'

export {
  type ClassDiff,
  type ClassRow,
  compareHeaps,
  type DuplicateRow,
  type HeapEdge,
  type HeapNode,
  type HeapOptions,
  HeapSnapshot,
  heapSurvivors,
  type ObjectRow,
  type RetainedObject,
  type RetainerStep,
  type SurvivorRow,
  type TracedRow,
} from './library/heap.ts'

import './library/snapshot-parts.ts'

export {
  type Comparison,
  compareSampled,
  type ErrorBar,
  type NoiseReason,
  type Rule,
  type Runs,
  type SampledDiff,
  type SeriesTrend,
  seriesTrend,
  type TrendRow,
} from './library/statistics.ts'
export * from './library/tracemalloc.ts'
export { type BaseFilter, DomainFilter, Filter, type FilterOptions } from './model/filter.ts'
export { Frame } from './model/frame.ts'
export type { Cumulative, GroupKey, KeyType } from './model/grouping/group.ts'
export { Statistic, StatisticDiff } from './model/grouping/statistic.ts'
export type { Measure, SnapshotMeta } from './model/meta.ts'
export { Snapshot } from './model/snapshot.ts'
export { Trace, Traces } from './model/trace.ts'
export { type GetLine, Traceback, type TracebackFormatOptions } from './model/traceback.ts'
export {
  applySourceMaps,
  type MapFiles,
  type Mapped,
  type MapText,
  type Miss,
  type MissReason,
  SourceMapCache,
} from './sourcemap/apply.ts'
export { mapFiles } from './sourcemap/files.ts'
export { sourceLines } from './sourcemap/lines.ts'
export { appFrames } from './transform/app-frames.ts'
export { type Redaction, redact } from './transform/redact.ts'
