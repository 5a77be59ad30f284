import type { Command } from 'commander'
import type { Origin } from '../../capture/object-origin.ts'
import { seconds } from '../capture-options.ts'

const EXAMPLE = `
Example: tracemalloc object 9229 'globalThis.cache' --wait 10`

interface Options {
  wait?: number
  stableFrames?: boolean
  allowPublicPort?: boolean
  match?: string
}

export function register(program: Command): void {
  program
    .command('object')
    .description('where one live object was allocated: its class, its size and the calls that made it')
    .argument('<target>', 'a port, host:port, ws://... or pid:1234')
    .argument('<expression>', 'JavaScript with the object for its value')
    .option('--wait <seconds>', 'wait for a value made from now on: V8 knows nothing of older ones', seconds)
    .option('--match <text>', 'part of the title or address of one of several targets')
    .option('--stable-frames', 'end with an error where V8 cannot be kept from inlining functions meanwhile')
    .option('--no-stable-frames', 'let V8 inline functions: calls may be missing')
    .option('--allow-public-port', 'open the inspector of pid:... even where other machines reach it')
    .addHelpText('after', EXAMPLE)
    .action(object)
}

async function object(
  text: string,
  expression: string,
  { wait = 0, match, stableFrames, allowPublicPort }: Options,
): Promise<void> {
  const [
    { openTarget, parseTarget },
    { originOf },
    { print },
    { TargetError },
    { interruption },
    { say },
    { visible },
  ] = await Promise.all([
    import('../../inspector/target.ts'),
    import('../../capture/object-origin.ts'),
    import('../output.ts'),
    import('../../errors.ts'),
    import('../capture-options.ts'),
    import('../say.ts'),
    import('../../text/escape.ts'),
  ])
  const interrupt = interruption()
  const target = await openTarget(parseTarget(text), match, { allowPublicPort, say })
  let origin: Origin
  try {
    origin = await originOf(target, expression, { wait, stableFrames, signal: interrupt.signal, say })
  } finally {
    await target.close()
    interrupt.end()
  }
  const { trace, isOlder, losesTraces } = origin
  await print(originLines(origin).map(line => visible(line)))
  if (isOlder) {
    throw new TargetError('V8 has no trace of the object: it is older than the tracker', {
      hint: '--wait SECONDS waits for a new one',
    })
  }
  if (trace.traceback.length === 0) throw new TargetError('V8 has lost the trace of the object')
  if (losesTraces) say('Node before 25 confuses some traces: this one may be of another object')
}

function originLines({ trace: { type, size, traceback }, isOlder }: Origin): string[] {
  return [`${type}, ${size} B`, ...(isOlder ? [] : traceback.format({ mostRecentFirst: true }))]
}
