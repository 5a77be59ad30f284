import type { Command } from 'commander'
import type { Launched } from '../../capture/launch.ts'
import type { Mode } from '../../capture/settings.ts'
import type { TargetSpec } from '../../capture/target.ts'
import { TargetError, UsageError } from '../../errors.ts'
import { addCapture, seconds } from '../capture.ts'

const EXAMPLE = `
Example: tracemalloc attach pid:1234 --every 2 --count 3 --out /tmp/series`

interface Options {
  output?: string
  out?: string
  every?: number
  count?: number
  duration?: number
  interval?: number
  nframe: number
  mode: Mode
  match?: string
  stableFrames?: boolean
  workers: boolean
  launch?: string
  headed?: boolean
}

export function register(program: Command): void {
  addCapture(program.command('attach'))
    .description('one snapshot, or a series, from a running target; the target goes on unharmed')
    .argument('[target]', 'a port, host:port, ws://... or pid:1234')
    .option('--launch <url>', 'start a Chrome with a fresh profile that shows this page, instead of a target')
    .option('--headed', 'with --launch: show its window')
    .option('--duration <seconds>', 'sample for so long before the read, or end the series after it', seconds)
    .option('--match <text>', 'part of the title or address of one of several targets')
    .option('--stable-frames', 'keep V8 from inlining functions and folding allocations while attached')
    .option('--no-workers', 'leave workers and iframes of other sites alone')
    .addHelpText('after', EXAMPLE)
    .action(attach)
}

async function attach(text: string | undefined, options: Options): Promise<void> {
  const [{ attach }, { isRemote, parseTarget }, { sampling }, { Steady }, { say }] = await Promise.all([
    import('../../capture/attach.ts'),
    import('../../capture/target.ts'),
    import('../../capture/settings.ts'),
    import('../../capture/steady.ts'),
    import('../capture.ts'),
  ])
  if ((text === undefined) === (options.launch === undefined)) {
    throw new UsageError('it takes a target, or --launch with an address')
  }
  const launched = options.launch === undefined ? undefined : await launch(options.launch, options)
  const spec: TargetSpec = launched
    ? { kind: 'port', host: '127.0.0.1', port: launched.port }
    : parseTarget(text!)
  if (isRemote(spec)) say(`${text} is not on this machine: whoever reaches that port can run code there`)
  const interrupt = new AbortController()
  const onInterrupt = () => {
    process.off('SIGINT', onInterrupt) // a second one ends us at once
    interrupt.abort()
  }
  process.on('SIGINT', onInterrupt)
  const steady = new Steady()
  const reads = await attach(spec, {
    ...options,
    stableFrames: options.stableFrames && !launched, // it was launched so
    sampling: sampling(options),
    dir: options.out ?? '.',
    signal: interrupt.signal,
    say,
    onRead(read) {
      for (const line of steady.lines(read)) process.stderr.write(`${line}\n`)
      say(`wrote ${read.path}`)
    },
  }).finally(() => launched?.close())
  process.off('SIGINT', onInterrupt)
  if (reads > 0) return
  if (interrupt.signal.aborted) process.exitCode = 130
  else throw new TargetError('nothing was read')
}

async function launch(url: string, { headed, stableFrames }: Options): Promise<Launched> {
  const { launchChrome } = await import('../../capture/launch.ts')
  return launchChrome(url, { headless: !headed, stableFrames: stableFrames === true })
}
