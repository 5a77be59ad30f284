// `annotate`: source lines with what each has allocated.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { UsageError } from '../../errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { FORMATS, type Format } from '../../report/formats/index.ts'
import { addFilters, formatOption, sourcesOption, wholeNumber } from '../options.ts'
import type { ReadFlags } from '../request.ts'

const HELP = `
Each line has its bytes, their share, its blocks, and the bytes with those that
its calls allocate. Source is read only from the folder of --sources and the
files of --file, and from source maps: never because a snapshot names a path.

Example: tracemalloc annotate app.pb.gz --sources --function '^parse'
         tracemalloc annotate before.pb.gz after.pb.gz --file src/cache.js`

interface AnnotateFlags extends ReadFlags {
  readonly file?: readonly string[]
  readonly function?: RegExp
  readonly limit: number
  readonly format?: Format
}

export function register(program: Command): void {
  addFilters(program.command('annotate'))
    .description('show source lines with the memory that each allocated')
    .usage('[options] <snapshot> | [options] <old> <new>')
    .argument('<snapshots...>', 'a file, or an old and a new one for the difference; - reads standard input')
    .option('--file <path...>', 'only functions in this file; its text is shown')
    .option('--function <regex>', 'only functions whose names match', regex)
    .option('--limit <n>', 'functions to show, the heaviest first; 0 = all', wholeNumber(0), 10)
    .addOption(sourcesOption('show the text of lines'))
    .addOption(formatOption(FORMATS))
    .addHelpText('after', HELP)
    .action(annotate)
}

function regex(text: string): RegExp {
  try {
    return new RegExp(text, 'u')
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`)
  }
}

async function annotate(paths: string[], flags: AnnotateFlags): Promise<void> {
  if (paths.length > 2)
    throw new UsageError(`annotate takes one snapshot, or an old and a new one, not ${paths.length}`)
  const [{ readSnapshots }, { readRequest }, { annotateReport, annotateView }, { printReport }, sources] =
    await Promise.all([
      import('../input.ts'),
      import('../request.ts'),
      import('../../report/annotate.ts'),
      import('../output.ts'),
      import('../annotated-sources.ts'),
    ])
  const request = readRequest(flags)
  const files = sources.namedFiles(flags.file ?? [])
  const snapshots: Snapshot[] = []
  for (const path of paths) snapshots.push(await one(path))
  const now = snapshots[snapshots.length - 1]
  const old = snapshots.length > 1 ? snapshots[0] : undefined
  const folders = await request.getSource()
  const source = folders || files.length > 0 ? sources.sourceOf(files, folders, now.meta.time) : undefined
  const view = annotateView(now, old, {
    limit: flags.limit,
    isWanted: (filename, name) =>
      (files.length === 0 || files.some(file => file.matches(filename))) &&
      (flags.function?.test(name) ?? true),
    source,
  })
  await printReport(annotateReport(view), flags.format)

  async function one(path: string): Promise<Snapshot> {
    const named = await readSnapshots([path], request)
    if (named.length !== 1)
      throw new UsageError(`${path} holds ${named.length} snapshots`, {
        hint: 'choose one with --snapshot N',
      })
    return named[0].snapshot
  }
}
