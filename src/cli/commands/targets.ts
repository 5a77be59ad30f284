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
    .addHelpText('after', EXAMPLE)
    .action(targets)
}

async function targets(addresses: string[]): Promise<void> {
  const [{ candidatesAt, candidatesHere }, { parseTarget }, { print }, { visible }] = await Promise.all([
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
  await print(found.map(({ target, runtime, title }) => `${target}\t${runtime}\t${visible(title)}`))
}
