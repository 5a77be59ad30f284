// `batch`: compares many snapshots, by series.
import type { Command } from 'commander'
import { FORMATS } from '../../report/formats/index.ts'
import { addGrouping, cumulativeOf, formatOption, type SelectionFlags, wholeNumber } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc batch samples/series --format markdown`

interface BatchFlags extends SelectionFlags {
  readonly series: string
  readonly baseline?: string
  readonly keepGoing?: boolean
  readonly threads?: number
}

export function register(program: Command): void {
  addGrouping(program.command('batch'))
    .description('compare many snapshots: differences, trends of series, builds and scenarios')
    .argument('<paths...>', 'files, folders (with their subfolders) or patterns')
    .option(
      '--series <rule>',
      'group files into series by folder, session, or the groups of a regular expression',
      'folder',
    )
    .option('--baseline <path>', 'compare the end of each series with the same series in this path')
    .option('--keep-going', 'exit with 0 even if files cannot be read')
    .option('--threads <n>', 'files to read at the same time', wholeNumber(1))
    .addOption(formatOption(FORMATS))
    .addHelpText('after', EXAMPLE)
    .action(batch)
}

async function batch(paths: string[], flags: BatchFlags): Promise<void> {
  const [
    { findSnapshots },
    { compareToBaseline, runBatch },
    { parseSeriesRule },
    { batchReport },
    { printReport },
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
  await printReport(batchReport(batchView(result, flags.groupBy, flags.limit)), flags.format)
  if (result.failed.length > 0) {
    say(`${result.failed.length} of ${files.length} files could not be read`)
    if (!flags.keepGoing) process.exitCode = 3
  }
}

/** A bar that counts files, if standard error is a terminal. */
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
