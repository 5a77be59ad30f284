// `convert`: writes a snapshot in another format.
import type { Command } from 'commander'
import { addFilters } from '../options.ts'
import type { ReadFlags } from '../request.ts'

const EXAMPLE = `
Example: tracemalloc convert app.heapprofile app.pb.gz`

interface ConvertFlags extends ReadFlags {
  readonly to?: string
  readonly merge?: boolean
}

export function register(program: Command): void {
  addFilters(program.command('convert'))
    .description('convert a snapshot to another format; warns about data that the format loses')
    .argument('<in>', 'a file; - reads standard input')
    .argument('[out]', 'a file whose ending selects the format; - writes standard output', '-')
    .option('--to <format>', 'output format (default: from the ending of [out], else pprof)')
    .option('--merge', 'add up equal traces, in formats with one entry per block')
    .addHelpText('after', EXAMPLE)
    .action(convert)
}

async function convert(input: string, output: string, flags: ConvertFlags): Promise<void> {
  const [
    { readSnapshots },
    { readRequest },
    { converterFor, converterNamed, dumpSnapshots },
    { sayLosses },
    { writeStdout },
  ] = await Promise.all([
    import('../input.ts'),
    import('../request.ts'),
    import('../../formats/files.ts'),
    import('../losses.ts'),
    import('../output.ts'),
  ])
  const converter = flags.to || output === '-' ? converterNamed(flags.to ?? 'pprof') : converterFor(output)
  const snapshots = (await readSnapshots([input], readRequest(flags))).map(named => named.snapshot)
  const { merge } = flags
  if (output === '-') await writeStdout(converter, snapshots, { merge })
  else await dumpSnapshots(snapshots, output, { to: converter.name, merge })
  sayLosses(snapshots, converter)
}
