import type { Frame } from '../model/frame.ts'
import type { GroupKey } from '../model/grouping/keys.ts'
import type { Statistic, StatisticDiff } from '../model/grouping/statistic.ts'
import { domainName } from '../model/meta.ts'
import type { Traceback } from '../model/traceback.ts'

/** A frame in JSON: line and column 1-based, 0 = unknown. */
export interface FrameJson {
  filename: string
  lineno: number
  column: number
  function: string
  exact: boolean
}

/** Oldest first. */
export function tracebackJson(traceback: Traceback): FrameJson[] {
  return traceback.frames.map(frameJson)
}

export function frameJson(frame: Frame): FrameJson {
  return {
    filename: frame.filename,
    lineno: frame.lineno,
    column: frame.column,
    function: frame.functionName,
    exact: frame.exact,
  }
}

/** Bytes and blocks in JSON. Blocks are whole, also where they are estimates or means; null where unknown. */
export function amountsJson(statistic: Statistic | StatisticDiff): Record<string, number | null> {
  const { size } = statistic
  const count = blocksJson(statistic.count)
  if (!('sizeDiff' in statistic)) return { size, count }
  return { size, count, sizeDiff: statistic.sizeDiff, countDiff: blocksJson(statistic.countDiff) }
}

/** A number of blocks in JSON. */
export function blocksJson(count: number): number | null {
  return Number.isNaN(count) ? null : Math.round(count)
}

/** The group's identity in JSON; what the group key does not speak of is left out. */
export function keyJson(statistic: Statistic | StatisticDiff): Record<string, unknown> {
  const { key, traceback } = statistic
  const json: Record<string, unknown> = {}
  if (key.type !== undefined) json.type = key.type
  if (key.domain !== undefined) {
    json.domain = key.domain
    json.domainName = domainName(key.domain)
  }
  if (key.package !== undefined) json.package = key.package
  if (key.filename !== undefined) json.filename = key.filename
  if (key.lineno !== undefined) {
    json.lineno = key.lineno
    json.column = key.column ?? 0
  }
  if (key.lineno !== undefined || key.functionName !== undefined) json.function = key.functionName ?? ''
  if (isTelling(key, traceback)) json.traceback = tracebackJson(traceback)
  return json
}

/** Does a traceback say more than its file, and a line that is that of the whole group? */
function isTelling(key: GroupKey, { frames }: Traceback): boolean {
  if (frames.length !== 1) return frames.length > 1
  if (key.filename === undefined || key.lineno !== undefined) return true
  return key.functionName === undefined && frames[0].lineno > 0
}
