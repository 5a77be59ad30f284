// `tree`: the call tree.
import { type Command, InvalidArgumentError } from 'commander'
import { UsageError } from '../../errors.ts'
import { TREE_FORMATS, type TreeFormat } from '../../report/formats/index.ts'
import { addFilters, formatOption, wholeNumber } from '../options.ts'
import type { ReadFlags } from '../request.ts'

const HELP = `
Example: tracemalloc tree app.heapprofile --app --depth 6`

interface TreeFlags extends ReadFlags {
  readonly diff?: string
  readonly limit: number
  readonly depth: number
  readonly min: number
  readonly format?: TreeFormat
}

export function register(program: Command): void {
  addFilters(program.command('tree'))
    .description('show the call tree: what each call and its callees allocated')
    .argument('<snapshot>', 'a file; - reads standard input')
    .option('--diff <old>', 'show what changed since this snapshot')
    .option('--limit <n>', 'most callees to show per call; 0 = all', wholeNumber(0), 10)
    .option('--depth <n>', 'most levels to show; 0 = all', wholeNumber(0), 0)
    .option('--min <percent>', 'hide calls below this share of the total', percent, 1)
    .addOption(formatOption(TREE_FORMATS))
    .addHelpText('after', HELP)
    .action(tree)
}

function percent(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value > 100)
    throw new InvalidArgumentError('Expected a number from 0 to 100.')
  return value
}

async function tree(path: string, flags: TreeFlags): Promise<void> {
  const [{ readSnapshots }, { readRequest }, { treeReport, treeView }, { defaultFormat, printAs }] =
    await Promise.all([
      import('../input.ts'),
      import('../request.ts'),
      import('../../report/tree.ts'),
      import('../output.ts'),
    ])
  const request = readRequest(flags)
  const now = await readSnapshots([path], request)
  const old = flags.diff === undefined ? undefined : await readSnapshots([flags.diff], request)
  if (old && old.length !== now.length) {
    throw new UsageError(`${flags.diff} holds ${old.length} snapshots and ${path} ${now.length}`, {
      hint: 'choose one of each with --snapshot N',
    })
  }
  const { limit, depth, min: least } = flags
  const views = now.map(({ name, snapshot }, i) =>
    treeView(snapshot, old?.[i].snapshot, { title: name, limit, depth, least }),
  )
  await printAs(treeReport(views), await TREE_FORMATS[flags.format ?? defaultFormat()]())
}
