// `info`: what a file is.
import type { Command } from 'commander'
import type { Converter } from '../../../converters/converter.ts'
import { UsageError } from '../../errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { FORMATS, type Format } from '../../report/formats/index.ts'
import type { StripView } from '../../report/privacy.ts'
import { addFilters, formatOption } from '../options.ts'
import type { ReadFlags } from '../request.ts'

const EXAMPLE = `
Example: tracemalloc info app.heapprofile`

interface InfoFlags extends ReadFlags {
  readonly format: Format
  readonly stripCheck?: boolean
}

export function register(program: Command): void {
  addFilters(program.command('info'))
    .description('describe a file: its format, totals, interval, session and runtime')
    .argument('<file...>', 'files or folders; - reads standard input')
    .addOption(formatOption(FORMATS).default('text'))
    .option('--strip-check', 'also search the file for heap strings, source text, host names, user folders')
    .addHelpText('after', EXAMPLE)
    .action(info)
}

async function info(paths: string[], flags: InfoFlags): Promise<void> {
  const [{ readFiles }, { readRequest }, { infoReport, infoView }, { printReport }] = await Promise.all([
    import('../input.ts'),
    import('../request.ts'),
    import('../../report/info.ts'),
    import('../output.ts'),
  ])
  if (flags.stripCheck && paths.includes('-')) {
    throw new UsageError('--strip-check reads the file twice and cannot read standard input: give a file')
  }
  const views = []
  for await (const { path, converter, snapshots } of readFiles(paths, readRequest(flags))) {
    const strip = flags.stripCheck ? await stripOf(path, converter, snapshots) : undefined
    views.push(infoView(path, converter.name, converter.carries, snapshots, strip))
  }
  await printReport(infoReport(views), flags.format)
}

/** Reads the file a second time, as bytes, because readers skip parts of it. */
async function stripOf(
  path: string,
  converter: Converter,
  snapshots: readonly Snapshot[],
): Promise<StripView> {
  const [{ hostname }, { openBytes }, { stripView }] = await Promise.all([
    import('node:os'),
    import('../../formats/files.ts'),
    import('../../report/privacy.ts'),
  ])
  return stripView(openBytes(path), snapshots, converter.holds, hostname())
}
