// `top`: which lines, files, functions, packages or types hold the memory.
import type { Command } from 'commander'
import { addSelection, columnsOf, cumulativeOf, keyTypesOf, type SelectionFlags } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc top app.heapprofile --group-by package`

export function register(program: Command): void {
  addSelection(program.command('top'))
    .description('show which line, file, function, package or type holds the memory')
    .argument('<snapshot...>', 'files or folders; - reads standard input')
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
      keyTypes: keyTypesOf(flags, [snapshot]),
      cumulative: cumulativeOf(flags),
      limit: flags.limit,
      title: name,
    }),
  )
  await printReport(statisticsReport(views), flags.format, await request.getLine())
}
