import type { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import { addSelection, cumulativeOf, type SelectionOptions } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc diff samples/heapprofile/leak-node26-i1024-before.heapprofile samples/heapprofile/leak-node26-i1024-after.heapprofile`

export function register(program: Command): void {
  addSelection(program.command('diff'))
    .description('what grew between two snapshots: new.compareTo(old)')
    .argument('<old>', 'file; - is standard input')
    .argument('<new>', 'file')
    .addHelpText('after', EXAMPLE)
    .action(diff)
}

async function diff(oldPath: string, newPath: string, options: SelectionOptions): Promise<void> {
  const [{ readSnapshots }, { rewriterOf }, { diffView }, { printViews }] = await Promise.all([
    import('../input.ts'),
    import('../rewrite.ts'),
    import('../../report/view.ts'),
    import('../output.ts'),
  ])
  const old = await readSnapshots([oldPath], options)
  const now = await readSnapshots([newPath], options)
  if (old.length !== now.length) {
    throw new UsageError(`${oldPath} holds ${old.length} snapshots and ${newPath} ${now.length}`, {
      hint: 'pick one of each with --snapshot N',
    })
  }
  const views = now.map(({ name, snapshot }, i) =>
    diffView(snapshot, old[i].snapshot, {
      keyTypes: options.groupBy,
      cumulative: cumulativeOf(options),
      limit: options.limit,
      title: now.length > 1 ? name : undefined,
    }),
  )
  await printViews(views, options.format, await rewriterOf(options).getLine())
}
