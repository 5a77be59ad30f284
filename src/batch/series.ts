// Sorts files into series.
import { basename, dirname } from 'node:path'
import { UsageError } from '../errors.ts'

/** How files form series: by folder, by their snapshots' session, or by what a pattern captures. */
export type SeriesRule = { by: 'folder' } | { by: 'session' } | { by: 'pattern'; pattern: RegExp }

/** `folder`, `session`, or a regular expression with a group. Throws UsageError if it is none of these. */
export function parseSeriesRule(text: string): SeriesRule {
  if (text === 'folder' || text === 'session') return { by: text }
  let pattern: RegExp
  try {
    pattern = new RegExp(text, 'u')
  } catch (error) {
    throw new UsageError(
      `--series takes folder, session or a regular expression: ${(error as Error).message}`,
    )
  }
  if ((new RegExp(`${text}|`, 'u').exec('') as RegExpExecArray).length < 2) {
    throw new UsageError(`the pattern '${text}' needs a group ( ) that names the series`)
  }
  return { by: 'pattern', pattern }
}

/** Files of a captured series: `tracemalloc.1234.worker-3.0000000001.pb.gz`; isolate, then number. */
const NUMBERED = /^(tracemalloc\..+)\.\d{10}\./

/** The series of a file by its path; undefined if no match. Each isolate of a capture is its own series. */
export function seriesOf(path: string, rule: SeriesRule): string | undefined {
  if (rule.by === 'pattern') return rule.pattern.exec(path)?.slice(1).join('/')
  const isolate = NUMBERED.exec(basename(path))?.[1]
  return isolate ? `${dirname(path)}/${isolate}` : dirname(path)
}

/** Names without the folders that all have in common. */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map(name => name.split('/'))
  let common = 0
  while (parts.length > 0 && parts.every(p => p.length > common + 1 && p[common] === parts[0][common]))
    common++
  return parts.map(p => p.slice(common).join('/'))
}
