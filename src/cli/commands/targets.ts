import type { Command } from 'commander'
import { UsageError } from '../../errors.ts'

const EXAMPLE = `
Example: tracemalloc targets`

export function register(program: Command): void {
  program
    .command('targets')
    .description(
      'what can be attached to: Node, Chrome and Deno on this machine, or the targets at an address',
    )
    .argument('[address...]', 'port or host:port')
    .option('--repair', 'undo what an attach that was killed left in them, and say so behind each')
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
    if (spec.kind !== 'port')
      throw new UsageError(`'${text}' is a target itself, not an address with targets`)
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
