// `attach`: records snapshots of a running Node, Chrome or Deno.
import type { Command } from 'commander'
import { MODES, type Mode, type SamplerSettings, samplerSettings } from '../../capture/v8/settings.ts'
import { FileError, TargetError, UsageError } from '../../errors.ts'
import type { Launched } from '../../inspector/launch-chrome.ts'
import type { TargetSpec } from '../../inspector/target.ts'
import { addCapture, checkCapture, seconds } from '../capture-options.ts'
import { wholeNumber } from '../options.ts'

const EXAMPLE = `
Example: tracemalloc attach pid:1234 --every 10 --count 3 --out snapshots`

/** The mode that is V8's allocation tracker and a heap snapshot. */
const OBJECTS = 'objects'

interface Options {
  output?: string
  out?: string
  every?: number
  count?: number
  duration?: number
  interval?: number
  nframe: number
  mode: Mode | typeof OBJECTS
  match?: string
  maxPause?: number
  stableFrames?: boolean
  allowPublicPort?: boolean
  resume?: boolean
  all?: boolean
  workers: boolean
  launch?: string
  headed?: boolean
}

export function register(program: Command): void {
  addCapture(program.command('attach'), [...MODES, OBJECTS])
    .description('take snapshots of a running Node, Chrome or Deno, and leave it as it was')
    .argument('[target]', 'a port, host:port, http://..., ws://... or pid:1234')
    .option('--launch <url>', 'start Chrome with this page and a fresh profile, instead of a target')
    .option('--headed', 'with --launch: show the window')
    .option('--duration <seconds>', 'how long to sample (default: 10, unlimited with --every)', seconds)
    .option('--match <text>', 'choose among several targets by part of the title or address')
    .option('--max-pause <ms>', 'stop if reading may pause the target for longer', wholeNumber(1))
    .option('--stable-frames', 'stop if V8 cannot be kept from inlining functions')
    .option('--no-stable-frames', 'let V8 inline functions: faster, but memory may show at a caller')
    .option('--resume', 'let a program go on that is paused in a debugger, or waits for one')
    .option(
      '--all',
      'also read the Node processes that the target has started, such as the workers of a cluster',
    )
    .option('--no-workers', 'do not trace workers and iframes of other sites')
    .option('--allow-public-port', 'open the debugging port of pid:... even if other machines can reach it')
    .addHelpText('after', EXAMPLE)
    .action(attach)
}

async function attach(text: string | undefined, options: Options, command: Command): Promise<void> {
  const [
    { attach },
    { findTarget, isRemote },
    { Steady },
    { interruption },
    { say, showLines },
    { attachAll, pidOf, withProcessesBelow },
    { Little },
  ] = await Promise.all([
    import('../../capture/attach.ts'),
    import('../../inspector/target.ts'),
    import('../series-log.ts'),
    import('../capture-options.ts'),
    import('../say.ts'),
    import('../attach-all.ts'),
    import('../little.ts'),
  ])
  checkCapture(options)
  checkOptions(text, options, command)
  const wanted = samplingOf(options)
  const launched = options.launch === undefined ? undefined : await launch(options.launch, options)
  const spec: TargetSpec = launched
    ? { kind: 'port', host: '127.0.0.1', port: launched.port }
    : await findTarget(text!, say)
  if (isRemote(spec)) say(`${text} is not on this machine: anyone who reaches that port can run code there`)
  const specs = options.all ? await withProcessesBelow(spec) : [spec]
  const interrupt = interruption()
  const several = specs.length > 1
  const steady = new Steady(several)
  const little = new Little(say)
  const one = (spec: TargetSpec, onOpen: () => Promise<void>) =>
    attach(spec, {
      ...options,
      stableFrames: launched && options.stableFrames !== false ? 'already' : options.stableFrames,
      sampling: wanted,
      dir: options.out ?? '.',
      signal: interrupt.signal,
      several,
      say: several ? line => say(`${specName(spec)}: ${line}`) : say,
      onOpen(isRunning) {
        little.opened(isRunning)
        return onOpen()
      },
      onRead({ path, snapshot, took }) {
        if (snapshot) showLines(steady.lines({ snapshot, took }))
        if (snapshot) little.read(snapshot)
        say(`wrote ${path}`)
      },
    })
  const { reads, unwritten } = await attachAll(specs, one, say).finally(() => launched?.close())
  interrupt.end()
  if (!options.all) little.end(await pidOf(spec), options)
  if (unwritten > 0) throw new FileError(`${unwritten} of the files could not be written`)
  if (reads > 0) return
  if (interrupt.signal.aborted) process.exitCode = interrupt.status()
  else throw new TargetError('nothing was read')
}

/** Throws UsageError for options that exclude each other. */
function checkOptions(text: string | undefined, options: Options, command: Command): void {
  if (options.headed && options.launch === undefined) throw new UsageError('--headed needs --launch')
  if ((text === undefined) === (options.launch === undefined)) {
    throw new UsageError('give a target, such as pid:1234, or --launch URL')
  }
  if (options.all && options.output !== undefined)
    throw new UsageError('--all writes several files: use --out FOLDER instead of -o')
  if (options.mode === OBJECTS && command.getOptionValueSource('nframe') === 'cli') {
    throw new UsageError('--mode objects always keeps all calls: leave out --nframe')
  }
}

function specName(spec: TargetSpec): string {
  return spec.kind === 'pid' ? `process ${spec.pid}` : spec.kind === 'url' ? spec.url : `port ${spec.port}`
}

/** The sampler that is asked for; undefined for the allocation tracker. Throws UsageError. */
function samplingOf({ mode, ...options }: Options): SamplerSettings | undefined {
  if (mode !== OBJECTS) return samplerSettings({ ...options, mode })
  if (options.interval !== undefined)
    throw new UsageError('--mode objects records every object: leave out --interval')
  if (options.output !== undefined && !options.output.endsWith('.heapsnapshot')) {
    throw new UsageError('--mode objects writes a .heapsnapshot', {
      hint: 'convert it afterwards with tracemalloc convert',
    })
  }
  return undefined
}

async function launch(url: string, { headed, stableFrames, mode }: Options): Promise<Launched> {
  const { launchChrome } = await import('../../inspector/launch-chrome.ts')
  return launchChrome(url, {
    headless: !headed,
    stableFrames: stableFrames !== false,
    objects: mode === OBJECTS,
  })
}
