import type { Command } from 'commander'
import type { Mode } from '../../capture/settings.ts'
import { addCapture } from '../capture.ts'

const EXAMPLE = `
Example: tracemalloc run --every 2 --out /tmp/leak samples/programs/leak.js 6`

interface Options {
  output?: string
  out?: string
  every?: number
  interval?: number
  nframe: number
  mode: Mode
  stableFrames: boolean
  peak?: boolean
  workers: boolean
  children?: boolean
  nodeOptions: string[]
}

export function register(program: Command): void {
  program.enablePositionalOptions()
  addCapture(program.command('run'))
    .description(
      'run a Node program traced from its first line; writes a snapshot at its end, on signals, and every so often',
    )
    .argument('<script>', 'the program')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions()
    .option('--no-stable-frames', 'let V8 inline functions and fold allocations')
    .option('--peak', 'keep the snapshot of the highest heap seen')
    .option('--children', 'trace child processes that run Node too')
    .option('--node-options <options>', "options for node itself, such as '--import tsx'", words, [])
    .option('--no-workers', 'leave worker threads alone')
    .addHelpText('after', EXAMPLE)
    .action(run)
}

const words = (text: string) => text.split(/\s+/).filter(Boolean)

async function run(script: string, args: string[], options: Options): Promise<void> {
  const [{ run }, { sampling }, { topView }, { textLines }] = await Promise.all([
    import('../../capture/run.ts'),
    import('../../capture/settings.ts'),
    import('../../report/view.ts'),
    import('../../report/text.ts'),
  ])
  const end = await run([script, ...args], {
    ...options,
    ...sampling(options),
    peak: options.peak === true,
    children: options.children === true,
  })
  if (end.last) {
    const view = topView(end.last, { keyTypes: ['lineno'], cumulative: false, limit: 10 })
    for (const line of textLines(view)) process.stderr.write(`${line}\n`)
  }
  for (const file of end.files) process.stderr.write(`tracemalloc: wrote ${file}\n`)
  if (end.signal) process.kill(process.pid, end.signal)
  process.exitCode = end.code ?? 1
}
