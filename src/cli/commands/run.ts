import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_INTERVAL, MAX_NFRAME, MODES, type Mode } from '../../capture/settings.ts'
import { oneOf, wholeNumber } from '../options.ts'

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
}

export function register(program: Command): void {
  program.enablePositionalOptions()
  program
    .command('run')
    .description(
      'run a Node program traced from its first line; writes a snapshot at its end, on signals, and every so often',
    )
    .argument('<script>', 'the program')
    .argument('[args...]', 'its own arguments')
    .passThroughOptions()
    .option('-o, --output <file>', 'the file to write; its ending names the format')
    .option('--out <dir>', 'the folder for numbered files')
    .option('--every <seconds>', 'write a snapshot every so often', positive)
    .option('--interval <bytes>', `bytes between samples (default ${DEFAULT_INTERVAL})`, wholeNumber(1))
    .option('--nframe <n>', `most frames of a traceback, 1 to ${MAX_NFRAME}`, wholeNumber(1), MAX_NFRAME)
    .addOption(new Option('--mode <mode>', MODES.join(', ')).argParser(oneOf(MODES)).default('live'))
    .option('--no-stable-frames', 'let V8 inline functions and fold allocations')
    .option('--peak', 'keep the snapshot of the highest heap seen')
    .option('--no-workers', 'leave worker threads alone')
    .addHelpText('after', EXAMPLE)
    .action(run)
}

function positive(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value < 0.001)
    throw new InvalidArgumentError('It takes seconds, at least 0.001.')
  return value
}

async function run(script: string, args: string[], options: Options): Promise<void> {
  const [{ run }, { sampling }, { topView }, { textLines }] = await Promise.all([
    import('../../capture/run.ts'),
    import('../../capture/settings.ts'),
    import('../../report/view.ts'),
    import('../../report/text.ts'),
  ])
  const end = await run([script, ...args], { ...options, ...sampling(options), peak: options.peak === true })
  if (end.last) {
    const view = topView(end.last, { keyTypes: ['lineno'], cumulative: false, limit: 10 })
    for (const line of textLines(view)) process.stderr.write(`${line}\n`)
  }
  for (const file of end.files) process.stderr.write(`tracemalloc: wrote ${file}\n`)
  if (end.signal) process.kill(process.pid, end.signal)
  process.exitCode = end.code ?? 1
}
