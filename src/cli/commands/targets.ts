// `targets`: lists what can be attached to.
import type { Command } from 'commander'
import { UsageError } from '../../errors.ts'

const EXAMPLE = `
Example: tracemalloc targets`

export function register(program: Command): void {
  program
    .command('targets')
    .description('list the Node, Chrome and Deno processes that attach can reach')
    .argument('[address...]', 'a port or host:port (default: this machine)')
    .option('--repair', 'undo what a killed attach left in them')
    .addHelpText('after', EXAMPLE)
    .action(targets)
}

async function targets(addresses: string[], options: { repair?: boolean }): Promise<void> {
  const [{ candidatesAt, candidatesHere, repairCandidate }, { parseTarget }, { print }, { visible }] =
    await Promise.all([
      import('../../inspector/discover.ts'),
      import('../../inspector/target.ts'),
      import('../output.ts'),
      import('../../text/escape.ts'),
    ])
  const specs = addresses.map(text => {
    const spec = parseTarget(text)
    if (spec.kind !== 'port') throw new UsageError(`'${text}' is a single target: give a port or host:port`)
    return spec
  })
  const found = specs.length
    ? (await Promise.all(specs.map(({ host, port }) => candidatesAt(host, port)))).flat()
    : await candidatesHere()
  const lines = found.map(async candidate => {
    const { target, runtime, title } = candidate
    const repair = options.repair ? [await repairCandidate(candidate)] : []
    return [target, runtime, title, ...repair].map(text => visible(text)).join('\t')
  })
  await print(await Promise.all(lines))
}
