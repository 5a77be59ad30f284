import type { Command } from 'commander'
import { addSelection, columnsOf, cumulativeOf, type SelectionFlags } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc top samples/heapprofile/leak-node26-i1024-after.heapprofile --limit 5`

export function register(program: Command): void {
  addSelection(program.command('top'))
    .description('statistics of a snapshot: which line, file, function, package or type holds the memory')
    .argument('<snapshot...>', 'files or folders; - is standard input')
    .addHelpText('after', EXAMPLE)
    .action(top)
}

async function top(paths: string[], flags: SelectionFlags): Promise<void> {
  const [{ readSnapshots }, { readRequest }, { topView }, { statisticsReport }, { printReport }] =
    await Promise.all([
      import('../input.ts'),
      import('../request.ts'),
      import('../../report/views.ts'),
      import('../../report/statistics.ts'),
      import('../output.ts'),
    ])
  const request = readRequest(flags, { columns: columnsOf(flags), samples: 'multisets' })
  const named = await readSnapshots(paths, request)
  const views = named.map(({ name, snapshot }) =>
    topView(snapshot, {
      keyTypes: flags.groupBy,
      cumulative: cumulativeOf(flags),
      limit: flags.limit,
      title: name,
    }),
  )
  await printReport(statisticsReport(views), flags.format, await request.getLine())
}
