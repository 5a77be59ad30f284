// A short-lived process that makes a Node process open its inspector: `opener.js PID ALLOW_PUBLIC_PORT`. If
// its parent ends before reporting that it is connected, the inspector is closed again.
import { text } from 'node:stream/consumers'
import { TargetError } from '../../errors.ts'
import { openBySignal, TAKEN } from '../node-process.ts'
import { nodeTarget } from '../target.ts'
import { connect } from '../websocket.ts'

const [pid, allowPublicPort] = process.argv.slice(2)

/** Resolves when the parent has the answer, or is gone. */
function tell(answer: object): Promise<void> {
  return new Promise(resolve => {
    process.stdout.on('error', () => resolve())
    process.stdout.end(JSON.stringify(answer), () => resolve())
  })
}

try {
  const { target, opened, isPublic } = await openBySignal(Number(pid))
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
} catch (error) {
  const { message, hint } = error as TargetError
  await tell({ error: message, hint })
}
process.exit()
