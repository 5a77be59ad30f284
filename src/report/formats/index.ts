// The only list of output formats: one file each, loaded when it is asked for.
import type { CheckReport } from '../check.ts'
import type { OutputFormat } from '../report.ts'
import type { TreeReport } from '../tree.ts'

/** Formats of every report. */
export const FORMATS = {
  text: () => import('./text.ts'),
  table: () => import('./table.ts'),
  json: () => import('./json.ts'),
  ndjson: () => import('./ndjson.ts'),
  csv: () => import('./csv.ts'),
  markdown: () => import('./markdown.ts'),
} satisfies Record<string, () => Promise<OutputFormat>>

/** Formats of what the gate found. */
export const CHECK_FORMATS = {
  ...FORMATS,
  github: () => import('./github.ts'),
  junit: () => import('./junit.ts'),
} satisfies Record<string, () => Promise<OutputFormat<CheckReport>>>

/** Formats of the call tree, which draws its own table. */
export const TREE_FORMATS = {
  text: FORMATS.text,
  table: () => import('./tree.ts'),
  json: FORMATS.json,
} satisfies Record<string, () => Promise<OutputFormat<TreeReport>>>

export type Format = keyof typeof FORMATS
export type CheckFormat = keyof typeof CHECK_FORMATS
export type TreeFormat = keyof typeof TREE_FORMATS
