// `check`: the gate for CI.
import type { Command } from 'commander'
import type { Baseline } from '../../check/baseline.ts'
import type { CheckConfig } from '../../check/config.ts'
import { FormatError, UsageError } from '../../errors.ts'
import type { KeyType } from '../../model/grouping/keys.ts'
import { CHECK_FORMATS, type CheckFormat } from '../../report/formats/index.ts'
import { addFilters, formatOption, groupByOption } from '../options.ts'
import type { ReadFlags, ReadRequest } from '../request.ts'
import { say } from '../say.ts'

const EXAMPLE = `
Budgets are read from tracemalloc.config.json. Exit status: 0 within the
budgets, 1 growth, 5 the snapshots are too coarse to decide.

Example: tracemalloc check memory-baseline now/*.pb.gz`

interface CheckFlags extends ReadFlags {
  readonly groupBy: readonly KeyType[]
  readonly config?: string
  readonly update?: boolean
  readonly format: CheckFormat
}

export function register(program: Command): void {
  groupByOption(addFilters(program.command('check')))
    .description('check new snapshots against a baseline and memory budgets, for CI')
    .argument('<baseline>', 'file or folder with the baseline')
    .argument('<new...>', 'new snapshots; several count as repeated runs')
    .option('--config <file>', 'file with the budgets (default: ./tracemalloc.config.json)')
    .option('--update', 'make the new snapshots the baseline')
    .addOption(formatOption(CHECK_FORMATS).default('text'))
    .addHelpText('after', EXAMPLE)
    .action(check)
}

async function check(baseline: string, paths: string[], flags: CheckFlags): Promise<void> {
  const [
    { readSnapshots },
    { readRequest },
    checks,
    { checkSnapshots },
    { checkReport },
    { printAs, printNotes },
  ] = await Promise.all([
    import('../input.ts'),
    import('../request.ts'),
    import('../../check/baseline.ts'),
    import('../../check/check.ts'),
    import('../../report/check.ts'),
    import('../output.ts'),
  ])
  const request = readRequest(flags)
  const read = async (paths: readonly string[], request: ReadRequest) =>
    (await readSnapshots(paths, request)).map(named => named.snapshot)
  const config = await configOf(flags.config)
  if (flags.update) {
    const { path, left } = await checks.writeBaseline(baseline, await read(paths, request))
    say(`wrote ${path}`)
    for (const old of left) say(`${old} is ignored from now on; you can delete it`)
    return
  }
  const found = await checks.findBaseline(baseline)
  if (!found) {
    const hint = '--update makes the new snapshots the baseline'
    throw new FormatError('unrecognized', `no baseline ${baseline}`, { hint })
  }
  printNotes(baselineNotes(found))
  const now = await read(paths, request)
  const old = await read(found.files, ofBaseline(request, found))
  const result = checkSnapshots(now, old, config, flags.groupBy)
  await printAs(checkReport(result), await CHECK_FORMATS[flags.format]())
  process.exitCode = { pass: 0, fail: 1, unknown: 5 }[result.outcome]
}

/** The request for a baseline. One that --update wrote is in our format, with only the chosen snapshots. */
function ofBaseline(request: ReadRequest, { isUpdated }: Baseline): ReadRequest {
  if (!isUpdated) return request
  return { ...request, load: { ...request.load, from: undefined, pick: undefined, snapshot: undefined } }
}

function baselineNotes({ files, replaced }: Baseline): string[] {
  if (replaced.length === 0) return []
  return [`${files[0]} is the baseline: the ${replaced.length} other snapshots in its folder are ignored`]
}

async function configOf(path: string | undefined): Promise<CheckConfig> {
  const { CONFIG_NAME, readConfig } = await import('../../check/config.ts')
  const config = await readConfig(path ?? CONFIG_NAME)
  if (path !== undefined && !config) throw new UsageError(`${path}: no such file`)
  return config ?? { budgets: [], allow: [] }
}
