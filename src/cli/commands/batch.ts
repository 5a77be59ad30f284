import type { Command } from 'commander'
import { jsonText } from '../../text/escape.ts'
import { addGrouping, cumulativeOf, oneOf, type SelectionFlags, wholeNumber } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc batch samples/series --format markdown`

const FORMATS = ['text', 'table', 'json', 'csv', 'markdown'] as const

interface BatchFlags extends Omit<SelectionFlags, 'format'> {
  readonly format?: (typeof FORMATS)[number]
  readonly series: string
  readonly baseline?: string
  readonly keepGoing?: boolean
  readonly threads?: number
}

export function register(program: Command): void {
  addGrouping(program.command('batch'))
    .description(
      'many snapshots: every neighbour diff, the trend of each series, a matrix of builds and scenarios',
    )
    .argument('<paths...>', 'files, folders (with all that is below them) or patterns')
    .option(
      '--series <rule>',
      'what makes a series: folder, session, or a regular expression whose groups name it',
      'folder',
    )
    .option('--baseline <path>', 'compare the end of each series with the series of the same name here')
    .option('--keep-going', 'exit 0 although files could not be read')
    .option('--threads <n>', 'files to read at once', wholeNumber(1))
    .option('--format <format>', FORMATS.join(', '), oneOf(FORMATS))
    .addHelpText('after', EXAMPLE)
    .action(batch)
}

async function batch(paths: string[], flags: BatchFlags): Promise<void> {
  const [
    { findSnapshots },
    { compareToBaseline, runBatch },
    { parseSeriesRule },
    report,
    { print, printNotes },
    { batchView },
    { readRequest },
    { say },
  ] = await Promise.all([
    import('../../batch/find-snapshots.ts'),
    import('../../batch/batch.ts'),
    import('../../batch/series.ts'),
    import('../../report/batch.ts'),
    import('../output.ts'),
    import('../../batch/view.ts'),
    import('../request.ts'),
    import('../say.ts'),
  ])
  const { load, prepare } = readRequest(flags)
  const batchOptions = {
    load,
    prepare,
    keyTypes: flags.groupBy,
    cumulative: cumulativeOf(flags),
    seriesRule: parseSeriesRule(flags.series),
    threads: flags.threads,
  }
  const files = await findSnapshots(paths)
  const bar = await fileProgress(files.length)
  const result = await runBatch(files, { ...batchOptions, onFile: bar.add }).finally(bar.stop)
  if (flags.baseline !== undefined) {
    await compareToBaseline(result, await findSnapshots([flags.baseline]), batchOptions)
  }
  for (const { path, reason } of result.failed) say(`${path}: ${reason}`)
  const view = batchView(result, flags.groupBy, flags.limit)
  const format = flags.format ?? (process.stdout.isTTY ? 'table' : 'text')
  if (format === 'json') await print([jsonText(report.batchJson(view), 2)])
  else if (format === 'markdown') await print(report.batchMarkdown(view))
  else if (format === 'csv') await print(report.batchCsv(view))
  else if (format === 'text') await print(report.batchText(view))
  else await print(report.batchTable(view, { width: process.stdout.columns ?? 120, folder: process.cwd() }))
  if (format === 'text' || format === 'csv') printNotes(view.series.flatMap(series => series.notes))
  if (result.failed.length > 0) {
    say(`${result.failed.length} of ${files.length} files could not be read`)
    if (!flags.keepGoing) process.exitCode = 3
  }
}

/** A bar on stderr that counts files, on a terminal. */
async function fileProgress(total: number): Promise<{ add(): void; stop(): void }> {
  if (!process.stderr.isTTY || total < 20) return { add() {}, stop() {} }
  const { SingleBar, Presets } = (await import('cli-progress')).default
  const bar = new SingleBar(
    { format: 'reading {bar} {value} of {total} files', stream: process.stderr, clearOnComplete: true },
    Presets.shades_classic,
  )
  bar.start(total, 0)
  return { add: () => bar.increment(), stop: () => bar.stop() }
}
