// Annotations of GitHub's workflow log, on the lines that grew.
import type { StatisticDiff } from '../../model/grouping/statistic.ts'
import { visible } from '../../text/escape.ts'
import { type CheckReport, measuredText } from '../check.ts'
import type { Page } from '../report.ts'

export function* write({ findings }: CheckReport, { folder = '' }: Page): Generator<string> {
  for (const finding of findings) {
    if (finding.outcome === 'pass') continue
    const level = finding.outcome === 'fail' ? 'error' : 'warning'
    const text = `${finding.budget}: ${measuredText(finding)}${finding.advice ? `: ${finding.advice}` : ''}`
    const places = finding.rows.flatMap(({ statistic }) => placeOf(statistic, folder) ?? [])
    if (places.length === 0)
      yield `::${level} ${budgetPlace(finding.budget)}title=tracemalloc::${workflowText(text)}`
    for (const { at, what } of places)
      yield `::${level} ${at},title=tracemalloc::${workflowText(`${text}; ${what}`)}`
  }
}

/** The line that a budget is of, if it is of one; a pattern is no place. */
function budgetPlace(budget: string): string {
  const [, file, line] = /^([^*?[\]{}]+):(\d+)$/.exec(budget) ?? []
  return file === undefined ? '' : `file=${workflowProperty(file)},line=${line},`
}

function placeOf(what: StatisticDiff, folder: string): { at: string; what: StatisticDiff } | undefined {
  const { filename, lineno } = what.key
  if (!filename || !lineno) return undefined
  const file = filename.startsWith(`${folder}/`) ? filename.slice(folder.length + 1) : filename
  return { at: `file=${workflowProperty(file)},line=${lineno}`, what }
}

/** Escapes of GitHub's workflow commands. */
function workflowText(text: string): string {
  return visible(text).replaceAll('%', '%25')
}

function workflowProperty(text: string): string {
  return workflowText(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
