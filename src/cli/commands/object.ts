// `object`: where one live object was allocated.
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
    .description('show where one live object was allocated')
    .argument('<target>', 'a port, host:port, http://..., ws://... or pid:1234')
    .argument('<expression>', 'a JavaScript expression that returns the object')
    .option('--wait <seconds>', 'wait for a new value: V8 has no trace of older objects', seconds)
    .option('--match <text>', 'choose among several targets by part of the title or address')
    .option('--stable-frames', 'stop if V8 cannot be kept from inlining functions')
    .option('--no-stable-frames', 'let V8 inline functions: faster, but calls may be missing')
    .option('--allow-public-port', 'open the debugging port of pid:... even if other machines can reach it')
    .addHelpText('after', EXAMPLE)
    .action(object)
}

async function object(
  text: string,
  expression: string,
  { wait = 0, match, stableFrames, allowPublicPort }: Options,
): Promise<void> {
  const [
    { openTarget, findTarget },
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
  const target = await openTarget(await findTarget(text, say), match, { allowPublicPort, say })
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
      hint: 'use --wait SECONDS to wait for a new one',
    })
  }
  if (trace.traceback.length === 0) throw new TargetError('V8 has lost the trace of the object')
  if (losesTraces) say('Node before 25 mixes up some traces: this one may belong to another object')
}

function originLines({ trace: { type, size, traceback }, isOlder }: Origin): string[] {
  return [`${type}, ${size} B`, ...(isOlder ? [] : traceback.format({ mostRecentFirst: true }))]
}
