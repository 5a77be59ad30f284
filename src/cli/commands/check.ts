import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { FormatError, UsageError } from '../../errors.ts'
import type { GateConfig } from '../../gate/config.ts'
import { CHECK_FORMATS, type CheckFormat } from '../../report/check-formats.ts'
import { say } from '../capture-options.ts'
import { addFilters, groupByOption, oneOf, type SelectionOptions } from '../options.ts'

const EXAMPLE = `
Exit status: 0 within the budgets, 1 growth, 5 the snapshots cannot tell. Budgets are in tracemalloc.config.json.

Example: tracemalloc check samples/series/leak-01.pb.gz samples/series/leak-01.pb.gz`

interface CheckOptions extends Omit<SelectionOptions, 'format' | 'limit'> {
  config?: string
  update?: boolean
  format: CheckFormat
}

export function register(program: Command): void {
  groupByOption(addFilters(program.command('check')))
    .description('the gate for CI: have the new snapshots grown against the baseline, beyond the budgets?')
    .argument('<baseline>', 'file or folder of the baseline')
    .argument('<new...>', 'snapshots to judge: several are runs of the same')
    .option('--config <file>', 'budgets, instead of those in ./tracemalloc.config.json')
    .option('--update', 'make the new snapshots the baseline')
    .option('--format <format>', CHECK_FORMATS.join(', '), oneOf(CHECK_FORMATS), 'text')
    .addHelpText('after', EXAMPLE)
    .action(check)
}

async function check(baseline: string, paths: string[], options: CheckOptions): Promise<void> {
  const [{ readSnapshots }, { checkSnapshots }, { checkLines }, { print }] = await Promise.all([
    import('../input.ts'),
    import('../../gate/check.ts'),
    import('../../report/check.ts'),
    import('../output.ts'),
  ])
  const config = await configOf(options.config)
  const { baselineFiles, writeBaseline } = await import('../../gate/baseline.ts')
  const files = await baselineFiles(baseline)
  if (!options.update && !files?.length) {
    const hint = 'with --update the new snapshots become the baseline'
    throw new FormatError('unrecognized', `no baseline ${baseline}`, { hint })
  }
  const now = (await readSnapshots(paths, options)).map(named => named.snapshot)
  if (options.update) {
    const { path, left } = await writeBaseline(baseline, now)
    say(`wrote ${path}`)
    for (const old of left) say(`${old} was left there; it does not count any more`)
    return
  }
  const old = (await readSnapshots(files!, options)).map(named => named.snapshot)
  const result = checkSnapshots(now, old, config, options.groupBy)
  await print(checkLines(result, options.format, process.cwd()))
  process.exitCode = { pass: 0, fail: 1, unknown: 5 }[result.outcome]
}

async function configOf(path: string | undefined): Promise<GateConfig> {
  const { CONFIG_NAME, readConfig } = await import('../../gate/config.ts')
  if (path !== undefined) {
    if (!existsSync(path)) throw new UsageError(`${path}: no such file`)
    return readConfig(path)
  }
  return existsSync(CONFIG_NAME) ? readConfig(CONFIG_NAME) : { budgets: [], allow: [] }
}
