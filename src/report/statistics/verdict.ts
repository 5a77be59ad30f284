import type { ErrorBar, SampledDiff } from '../../statistics/results.ts'
import { formatSize } from '../../text/units.ts'

/** `±9.1 KiB`: one standard error; `''` where exact or unknown. */
export function errorText(error: number | null): string {
  return error ? `±${formatSize(Math.round(error))}` : ''
}

/**
 * Verdict of a difference in a word or two; `''` where it is significant, or cannot be judged, or nothing changed at all: no change
 * among samples is no proof of that, no change among all blocks is.
 */
export function verdictText(row: SampledDiff): string {
  const { significant, reason, drift, statistic } = row
  if (reason === 'drift' && drift) return `moved ${drift.bytes > 0 ? 'from' : 'to'} ${drift.label}`
  if (significant !== false) return ''
  return statistic.sizeDiff === 0 && row.sizeDiffError === 0 && row.sizeError === 0 ? '' : 'noise'
}

/** The fields of an error bar in JSON: null where unknown. */
export function errorJson({
  sizeError,
  sizeLow,
  sizeHigh,
  countError,
}: ErrorBar): Record<string, number | null> {
  return { sizeError, sizeLow, sizeHigh, countError }
}

/** The fields of a verdict in JSON; those that do not apply are left out. */
export function verdictJson(row: SampledDiff): Record<string, unknown> {
  const { sizeDiffError, sizeDiffLow, sizeDiffHigh, significant, reason, pValue, drift } = row
  const json: Record<string, unknown> = { sizeDiffError, sizeDiffLow, sizeDiffHigh, significant, pValue }
  if (reason !== undefined) json.reason = reason
  if (row.new !== undefined) {
    json.new = row.new
    json.freed = row.freed
    json.survived = row.survived
  }
  if (drift !== undefined) json.drift = drift
  return json
}
