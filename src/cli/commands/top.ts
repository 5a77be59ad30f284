import type { Command } from 'commander'
import { addSelection, columnsOf, cumulativeOf, type SelectionOptions } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc top samples/heapprofile/leak-node26-i1024-after.heapprofile --limit 5`

export function register(program: Command): void {
  addSelection(program.command('top'))
    .description('statistics of a snapshot: which line, file, function, package or type holds the memory')
    .argument('<snapshot...>', 'files or folders; - is standard input')
    .addHelpText('after', EXAMPLE)
    .action(top)
}

async function top(paths: string[], options: SelectionOptions): Promise<void> {
  const [{ readSnapshots }, { rewriterOf }, { topView }, { printViews }] = await Promise.all([
    import('../input.ts'),
    import('../frame-options.ts'),
    import('../../report/statistics/view.ts'),
    import('../output.ts'),
  ])
  options.columns = columnsOf(options)
  options.samples = 'bags'
  const named = await readSnapshots(paths, options)
  const views = named.map(({ name, snapshot }) =>
    topView(snapshot, {
      keyTypes: options.groupBy,
      cumulative: cumulativeOf(options),
      limit: options.limit,
      title: named.length > 1 ? name : undefined,
    }),
  )
  await printViews(views, options.format, await rewriterOf(options).getLine())
}
