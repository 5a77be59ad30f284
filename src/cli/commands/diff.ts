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
    .option('-o, --out <file>', 'write the difference as a snapshot instead: pprof, folded, speedscope ...')
    .option('--to <format>', 'the format of that file, where its ending does not name it')
    .addHelpText('after', EXAMPLE)
    .action(diff)
}

interface DiffOptions extends SelectionOptions {
  out?: string
  to?: string
}

async function diff(oldPath: string, newPath: string, options: DiffOptions): Promise<void> {
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
  if (options.out !== undefined) {
    const { writeDifference } = await import('../difference.ts')
    const pairs = now.map(({ snapshot }, i) => ({ now: snapshot, old: old[i].snapshot }))
    return await writeDifference(pairs, options.out, options.to)
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
