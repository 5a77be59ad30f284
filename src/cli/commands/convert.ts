import type { Command } from 'commander'
import { addFilters } from '../options.ts'
import type { ReadFlags } from '../request.ts'

const EXAMPLE = `
Example: tracemalloc convert samples/heapprofile/node26-heapprof-i2048.heapprofile /tmp/x.pb.gz`

interface ConvertFlags extends ReadFlags {
  readonly to?: string
  readonly merge?: boolean
}

export function register(program: Command): void {
  addFilters(program.command('convert'))
    .description('a snapshot in another format; what the format cannot hold is said on stderr')
    .argument('<in>', 'file; - is standard input')
    .argument('[out]', 'file, its ending names the format; - is standard output', '-')
    .option('--to <format>', 'the format of the output')
    .option('--merge', 'one trace a row, where the format has one for each block')
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
