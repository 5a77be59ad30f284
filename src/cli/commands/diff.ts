// `diff`: what grew between snapshots.
import type { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import type { Named } from '../input.ts'
import { addSelection, columnsOf, cumulativeOf, keyTypesOf, type SelectionFlags } from '../options.ts'

const HELP = `
To compare several old runs with several new ones, put -- between them. With
three or more old runs, their variation decides what is significant. Changes
that sampling can explain are marked as noise.

Example: tracemalloc diff before.heapprofile after.heapprofile`

interface DiffFlags extends SelectionFlags {
  readonly significant?: boolean
  readonly output?: string
  readonly to?: string
}

export function register(program: Command): void {
  addSelection(program.command('diff'))
    .description('show what grew between two snapshots')
    .usage('[options] <old> <new> | [options] <old...> -- <new...>')
    .argument('<snapshots...>', 'files or folders; - reads standard input')
    .option('--significant', 'show only changes that sampling error and run-to-run variation do not explain')
    .option(
      '-o, --output <file>',
      'write the difference to a file, such as diff.pb.gz, instead of printing it',
    )
    .option('--to <format>', 'format of that file (default: from its ending)')
    .addHelpText('after', HELP)
    .action(diff)
}

async function diff(paths: string[], flags: DiffFlags): Promise<void> {
  if (flags.to !== undefined && flags.output === undefined)
    throw new UsageError('--to needs --output: it is the format of that file')
  const [oldPaths, newPaths] = sidesOf(paths, process.argv)
  const [{ readSnapshots }, { readRequest }, { diffView }, { statisticsReport }, { printReport }] =
    await Promise.all([
      import('../input.ts'),
      import('../request.ts'),
      import('../../report/views.ts'),
      import('../../report/statistics.ts'),
      import('../output.ts'),
    ])
  const request = readRequest(flags, flags.output === undefined ? { columns: columnsOf(flags) } : {})
  const old = await readSnapshots(oldPaths, request)
  const now = await readSnapshots(newPaths, request)
  const isRuns = oldPaths.length + newPaths.length > 2
  if (flags.output !== undefined) {
    if (isRuns) throw new UsageError('--output needs exactly one old and one new snapshot')
    const { writeDifference } = await import('../write-difference.ts')
    const pairs = pair(oldPaths[0], old, newPaths[0], now).map(p => ({ now: p.now[0], old: p.old[0] }))
    return await writeDifference(pairs, flags.output, flags.to)
  }
  const comparisons = isRuns
    ? [
        {
          title: now.map(n => n.name).join(', '),
          old: old.map(n => n.snapshot),
          now: now.map(n => n.snapshot),
        },
      ]
    : pair(oldPaths[0], old, newPaths[0], now)
  const views = comparisons.map(({ title, old, now }) =>
    diffView(now, old, {
      keyTypes: keyTypesOf(flags, [...old, ...now]),
      cumulative: cumulativeOf(flags),
      limit: flags.limit,
      title,
      significantOnly: flags.significant,
    }),
  )
  await printReport(statisticsReport(views), flags.format, await request.getLine())
}

/** The old and the new paths: those before and after `--`, which commander drops, or one each. */
function sidesOf(paths: readonly string[], words: readonly string[]): [string[], string[]] {
  const cut = words.indexOf('--')
  const newCount = cut < 0 ? 1 : words.length - cut - 1
  if (paths.length < 2 || newCount < 1 || newCount >= paths.length || (cut < 0 && paths.length > 2)) {
    throw new UsageError('diff needs an old and a new snapshot, or several of each with -- between them', {
      hint: 'tracemalloc diff old1 old2 old3 -- new1 new2',
    })
  }
  return [paths.slice(0, -newCount), paths.slice(-newCount)]
}

/** Pairs the snapshots of two files that hold several. */
function pair(oldPath: string, old: readonly Named[], newPath: string, now: readonly Named[]) {
  if (old.length !== now.length) {
    throw new UsageError(`${oldPath} holds ${old.length} snapshots and ${newPath} ${now.length}`, {
      hint: 'choose one of each with --snapshot N, or put -- between several old and new runs',
    })
  }
  return now.map(({ name, snapshot }, i) => ({
    title: name,
    old: [old[i].snapshot],
    now: [snapshot],
  }))
}
