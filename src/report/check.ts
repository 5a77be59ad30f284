import type { Answer } from '../gate/budgets.ts'
import type { StatisticDiff } from '../model/grouping/statistic.ts'
import type { SampledDiff } from '../statistics/results.ts'
import { jsonText, markdownCode, visible } from '../text/escape.ts'
import { formatSize } from '../text/units.ts'
import type { CheckFormat } from './check-formats.ts'
import { amountsJson, keyJson } from './row-json.ts'

/** What the gate found. */
export interface CheckView {
  outcome: Answer['outcome']
  findings: readonly (Answer & { rows: readonly SampledDiff[] })[]
  /** What no budget counted, in bytes. */
  allowed: readonly { name: string; reason: string; size: number }[]
  notes: readonly string[]
}

const WORDS = { pass: 'ok', fail: 'FAIL', unknown: 'UNKNOWN' } as const

/** The findings in a format. File names inside `folder` are written relative to it. */
export function* checkLines(view: CheckView, format: CheckFormat, folder: string): Generator<string> {
  if (format === 'json') yield jsonText(checkJson(view), 2)
  else if (format === 'github') yield* githubLines(view, folder)
  else if (format === 'markdown') yield* markdownLines(view, folder)
  else if (format === 'junit') yield* junitLines(view)
  else yield* textLines(view)
}

/** `growth +5.2 MiB (±120 KiB), limit 64.0 KiB`. */
function measuredText({ kind, measured, error, limit }: Answer): string {
  const size = formatSize(Math.round(measured), kind === 'growth')
  const bar = error ? ` (±${formatSize(Math.round(error))})` : ''
  return `${kind} ${size}${bar}${limit > 0 ? `, limit ${formatSize(limit)}` : ''}`
}

function* textLines({ findings, allowed, notes, outcome }: CheckView): Generator<string> {
  for (const finding of findings) {
    const advice = finding.advice ? `: ${finding.advice}` : ''
    yield visible(`${WORDS[finding.outcome]} ${finding.budget}: ${measuredText(finding)}${advice}`)
    for (const row of finding.rows) yield visible(`  ${row.statistic}`)
  }
  for (const { name, reason, size } of allowed)
    yield visible(`allowed ${name}: ${formatSize(size)}: ${reason}`)
  const said = findings.map(finding => finding.advice)
  if (outcome !== 'pass') for (const note of notes) if (!said.includes(note)) yield visible(`note: ${note}`)
}

/** Schema `tracemalloc.check/1`. */
function checkJson({ outcome, findings, allowed, notes }: CheckView): object {
  return {
    schema: 'tracemalloc.check/1',
    outcome,
    findings: findings.map(({ rows, ...answer }) => ({ ...answer, rows: rows.map(rowJson) })),
    allowed,
    notes,
  }
}

function rowJson({ statistic, sizeDiffError, significant, pValue }: SampledDiff): object {
  return { ...keyJson(statistic), ...amountsJson(statistic), sizeDiffError, significant, pValue }
}

/** Annotations of GitHub's workflow log, on the lines that grew. */
function* githubLines({ findings }: CheckView, folder: string): Generator<string> {
  for (const finding of findings) {
    if (finding.outcome === 'pass') continue
    const level = finding.outcome === 'fail' ? 'error' : 'warning'
    const text = `${finding.budget}: ${measuredText(finding)}${finding.advice ? `: ${finding.advice}` : ''}`
    const places = finding.rows.filter(row => placeOf(row.statistic, folder))
    if (places.length === 0) yield `::${level} title=tracemalloc::${workflowText(text)}`
    for (const { statistic } of places) {
      const { file, line } = placeOf(statistic, folder) as { file: string; line: number }
      const at = `file=${workflowProperty(file)},line=${line}`
      yield `::${level} ${at},title=tracemalloc::${workflowText(`${text}; ${statistic}`)}`
    }
  }
}

function placeOf({ key }: StatisticDiff, folder: string): { file: string; line: number } | undefined {
  if (!key.filename || !key.lineno) return undefined
  return { file: relative(key.filename, folder), line: key.lineno }
}

function relative(filename: string, folder: string): string {
  return filename.startsWith(`${folder}/`) ? filename.slice(folder.length + 1) : filename
}

/** Escapes of GitHub's workflow commands. */
function workflowText(text: string): string {
  return visible(text).replaceAll('%', '%25')
}

function workflowProperty(text: string): string {
  return workflowText(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** A comment for a pull request. */
function* markdownLines(view: CheckView, folder: string): Generator<string> {
  const titles = {
    pass: 'Memory is within its budgets',
    fail: 'Memory grew',
    unknown: 'Memory cannot be judged',
  }
  yield `### ${titles[view.outcome]}`
  yield ''
  yield '| | budget | measured | limit |'
  yield '|:--|:--|--:|--:|'
  for (const finding of view.findings) {
    const { kind, measured, error } = finding
    const size = formatSize(Math.round(measured), kind === 'growth')
    const bar = error ? ` ±${formatSize(Math.round(error))}` : ''
    const limit = finding.limit > 0 ? formatSize(finding.limit) : 'significant growth'
    yield `| ${WORDS[finding.outcome]} | ${kind} of ${markdownCode(finding.budget)} | ${size}${bar} | ${limit} |`
  }
  const rows = new Map(
    view.findings.flatMap(f => f.rows.map(row => [row.statistic.label, row.statistic] as const)),
  )
  if (rows.size > 0) {
    yield ''
    for (const row of rows.values()) yield `- ${markdownCode(relative(`${row}`, folder))}`
  }
  yield ''
  for (const { advice } of view.findings) if (advice) yield `- ${visible(advice)}`
  for (const { name, reason, size } of view.allowed) {
    yield `- allowed: ${markdownCode(name)}, ${formatSize(size)}: ${markdownCode(reason)}`
  }
  for (const note of view.notes) yield `- ${visible(note)}`
}

/** JUnit's XML, one test case a finding; what cannot be judged is an error. */
function* junitLines({ findings }: CheckView): Generator<string> {
  const count = (outcome: Answer['outcome']) => findings.filter(f => f.outcome === outcome).length
  yield '<?xml version="1.0" encoding="UTF-8"?>'
  yield `<testsuites><testsuite name="tracemalloc" tests="${findings.length}" failures="${count('fail')}" errors="${count('unknown')}">`
  for (const finding of findings) {
    const open = `<testcase classname="tracemalloc" name="${xml(`${finding.kind} of ${finding.budget}`)}"`
    if (finding.outcome === 'pass') {
      yield `${open}/>`
      continue
    }
    const tag = finding.outcome === 'fail' ? 'failure' : 'error'
    const text = [finding.advice ?? '', ...finding.rows.map(row => `${row.statistic}`)].filter(Boolean)
    yield `${open}><${tag} message="${xml(measuredText(finding))}">${text.map(xml).join('\n')}</${tag}></testcase>`
  }
  yield '</testsuite></testsuites>'
}

function xml(text: string): string {
  return visible(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}
