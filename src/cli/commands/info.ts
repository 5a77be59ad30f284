import type { Command } from 'commander'
import { jsonText } from '../../escape.ts'
import { addFilters, oneOf } from '../options.ts'
import type { RewriteOptions } from '../rewrite.ts'

const EXAMPLE = `
Example: tracemalloc info samples/heapprofile/node26-heapprof-i2048.heapprofile`

interface InfoOptions extends RewriteOptions {
  include: string[]
  exclude: string[]
  interval?: number
  from?: string
  format?: 'text' | 'json'
}

export function register(program: Command): void {
  addFilters(program.command('info'))
    .description('what a file is: its format, totals, interval, session, runtime, and what it cannot tell')
    .argument('<file...>', 'files or folders; - is standard input')
    .option('--format <format>', 'text or json', oneOf(['text', 'json']))
    .addHelpText('after', EXAMPLE)
    .action(info)
}

async function info(paths: string[], options: InfoOptions): Promise<void> {
  const [{ readFiles }, { infoLines, infoView }, { print }] = await Promise.all([
    import('../input.ts'),
    import('../../report/info.ts'),
    import('../output.ts'),
  ])
  const views = []
  for await (const { path, converter, snapshots } of readFiles(paths, options)) {
    views.push(infoView(path, converter.name, converter.carries, snapshots))
  }
  if (options.format === 'json') {
    const documents = views.map(view => ({ schema: 'tracemalloc.info/1', ...view }))
    await print([jsonText(documents.length === 1 ? documents[0] : documents, 2)])
  } else for (const [i, view] of views.entries()) await print([...(i > 0 ? [''] : []), ...infoLines(view)])
}
