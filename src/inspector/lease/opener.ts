// A short-lived process that makes a Node process open its inspector: `opener.js PID PORTS ALLOW_PUBLIC
// NOTE`, where PORTS are those it listened on before. If its parent ends before reporting that it is
// connected, or the inspector opens too late, it is closed again.
import { text } from 'node:stream/consumers'
import { TargetError } from '../../errors.ts'
import { newInspector, openBySignal, TAKEN } from '../node-process.ts'
import { nodeTarget } from '../target.ts'
import { connect } from '../websocket.ts'
import { forget } from './notes.ts'

/** How long an inspector may take to open after all, in ms: the process is stopped, or in one long call. */
const LATE = 60_000

const [id, ports, allowPublicPort, note] = process.argv.slice(2)
const pid = Number(id)
const known = new Set(ports.split(',').map(Number))

/** Resolves when the parent has the answer, or is gone. */
function tell(answer: object): Promise<void> {
  return new Promise(resolve => {
    process.stdout.on('error', () => resolve())
    process.stdout.end(JSON.stringify(answer), () => resolve())
  })
}

/** Holds the inspector until the parent has taken it; closes it if it does not. */
async function hand(): Promise<void> {
  const { target, opened, isPublic } = await openBySignal(pid, known)
  const held = await nodeTarget(await connect(target.webSocketDebuggerUrl), `process ${pid}`, opened)
  if (opened && isPublic && allowPublicPort !== 'true') {
    await held.close()
    const { port } = new URL(target.webSocketDebuggerUrl)
    throw new TargetError(
      `process ${pid} opened port ${port} to other machines, so the port was closed again`,
      {
        hint: 'use --allow-public-port to keep it open while attached',
      },
    )
  }
  await tell({ target, opened })
  const isTaken = (await text(process.stdin).catch(() => '')) === TAKEN
  if (held.lease || !isTaken) await held.close() // the account of the client that took it keeps it open
  if (!isTaken) await forget([note])
}

/** Closes what opens after all. */
async function closeLate(): Promise<void> {
  const late = await newInspector(pid, known, LATE, 500)
  if (late) await (await nodeTarget(await connect(late.target.webSocketDebuggerUrl), '', true)).close()
  await forget([note])
}

try {
  await hand()
} catch (error) {
  const { message, hint } = error as TargetError
  await tell({ error: message, hint })
  await closeLate().catch(() => {}) // the note stays
}
process.exit()
