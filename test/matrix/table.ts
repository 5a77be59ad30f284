// The table of the matrix in docs/accuracy.md.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Result } from './cell.ts'
import { type Cell, nameOf, WAYS } from './programs.ts'

const PAGE = 'docs/accuracy.md'
const [START, END] = ['<!-- matrix -->\n', '<!-- end of matrix -->']

/** The results that there are, by the name of their cell. */
export type Results = Readonly<Record<string, Result | undefined>>

/** How many of the cells that were run are right, as `19/20`. */
export function score(cells: readonly Cell[], results: Results, isLeaking: boolean): string {
  const run = cells.filter(({ program }) => (program.leak !== undefined) === isLeaking)
  const done = run.flatMap(cell => results[nameOf(cell)] ?? [])
  return `${done.filter(result => result.right).length}/${done.length}`
}

/** Writes what the matrix came to into the page, between its marks. */
export function writeTable(cells: readonly Cell[], results: Results): void {
  const nodes = [...new Set(cells.map(cell => cell.node))]
  const both = (chosen: readonly Cell[]) =>
    `${score(chosen, results, true)} · ${score(chosen, results, false)}`
  const lines = [
    `| leaking · steady | ${nodes.map(node => `Node ${node}`).join(' | ')} | all |`,
    `|:--|${'--:|'.repeat(nodes.length + 1)}`,
    ...WAYS.map(way => {
      const ofWay = cells.filter(cell => cell.way === way)
      const figures = nodes.map(node => both(ofWay.filter(cell => cell.node === node)))
      return `| ${[way, ...figures, both(ofWay)].join(' | ')} |`
    }),
    '',
    `Together: ${score(cells, results, true)} leaking, ${score(cells, results, false)} steady.`,
    ...wrong(cells, results),
  ]
  const text = readFileSync(PAGE, 'utf8')
  const [before, after] = [text.indexOf(START) + START.length, text.indexOf(END)]
  writeFileSync(PAGE, `${text.slice(0, before)}${lines.join('\n')}\n${text.slice(after)}`)
}

/** The cells that are not right, with what was said of them. */
function wrong(cells: readonly Cell[], results: Results): string[] {
  const lines = cells.flatMap(cell => {
    const result = results[nameOf(cell)]
    return !result || result.right ? [] : [`- ${nameOf(cell)}: \`${result.said.replace(/`/g, "'")}\``]
  })
  return lines.length > 0 ? ['Wrong:', '', ...lines] : []
}
