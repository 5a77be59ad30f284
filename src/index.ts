export { FormatError, type FormatErrorCode, TargetError, TracemallocError, UsageError } from './errors.ts'
export {
  assertLeavesAtMost,
  type Growth,
  GrowthError,
  type GrowthOptions,
  measureGrowth,
} from './growth.ts'
export { appFrames } from './model/app.ts'
export { type BaseFilter, DomainFilter, Filter, type FilterOptions } from './model/filter.ts'
export { Frame } from './model/frame.ts'
export type { Cumulative, GroupKey, KeyType } from './model/group.ts'
export type { Measure, SnapshotMeta } from './model/meta.ts'
export { type Redaction, redact } from './model/redact.ts'
export { Snapshot } from './model/snapshot.ts'
export { Statistic, StatisticDiff } from './model/statistic.ts'
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
export * from './tracemalloc.ts'
