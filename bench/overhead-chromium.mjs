// What sampling costs a page of Chromium: time of the programs' rounds in one page with the sampler on, against the same without.
// Interleaved; medians. node bench/overhead-chromium.mjs [repeats]
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTracker, stopTracker } from '../dist/src/capture/v8/object-tracker.js'
import { startSampler, stopSampler } from '../dist/src/capture/v8/sampler.js'
import { sampling } from '../dist/src/capture/v8/settings.js'
import { launchChrome } from '../dist/src/inspector/launch-chrome.js'
import { openTarget } from '../dist/src/inspector/target.js'
import { PROGRAMS } from './overhead/programs.mjs'

const repeats = Number(process.argv[2] ?? 7)
const source = readFileSync(new URL('overhead/programs.mjs', import.meta.url), 'utf8').replace(
  /^export /gm,
  '',
)
const spend = `function spend(round, budget) {
  for (let rounds = 1, from = performance.now(); ; rounds++) {
    globalThis.sink = round()
    const spent = performance.now() - from
    if (spent >= budget) return spent / rounds
  }
}`

const sampled = interval => ({
  start: session => startSampler(session, sampling({ interval })),
  stop: stopSampler,
})
const WAYS = {
  untraced: { start: async () => {}, stop: async () => {} },
  '512 KiB': sampled(524288),
  '40320 B': sampled(40320),
  '4 KiB': sampled(4096),
  objects: { start: startTracker, stop: stopTracker },
}

const page = `<!doctype html><title>rounds</title><script>${source}\n${spend}\nconst rounds = {}</script>`
const browser = await launchChrome(`data:text/html,${encodeURIComponent(page)}`, {
  headless: true,
  stableFrames: false,
  objects: false,
})
const times = {}
try {
  await sleep(1000)
  const spec = { kind: 'port', host: '127.0.0.1', port: browser.port }
  const target = await openTarget(spec, 'rounds')
  const { session } = target.main
  const evaluate = async expression => {
    const { result } = await session.post('Runtime.evaluate', { expression, returnByValue: true })
    if (typeof result.value !== 'number') throw new Error(`${expression}: ${result.description}`)
    return result.value
  }
  for (let i = 0; i < repeats; i++) {
    for (const program of Object.keys(PROGRAMS)) {
      for (const [way, { start, stop }] of Object.entries(WAYS)) {
        await start(session)
        await evaluate(`spend(rounds.${program} ??= PROGRAMS.${program}(), 100)`)
        ;((times[program] ??= {})[way] ??= []).push(await evaluate(`spend(rounds.${program}, 400)`))
        await stop(session)
      }
    }
  }
  await target.close()
  const median = list => list.slice().sort((a, b) => a - b)[list.length >> 1]
  const mean = list => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)
  console.log(`Chromium ${target.runtimeVersion}, medians of ${repeats}\n`)
  console.log(`| time, untraced = 1 | ${Object.keys(PROGRAMS).join(' | ')} | geometric mean |`)
  console.log(`|---|${'---|'.repeat(Object.keys(PROGRAMS).length + 1)}`)
  for (const way of Object.keys(WAYS).slice(1)) {
    const ratios = Object.values(times).map(of => median(of[way].map((time, i) => time / of.untraced[i])))
    console.log(`| ${way} | ${[...ratios, mean(ratios)].map(x => x.toFixed(2)).join(' | ')} |`)
  }
} finally {
  await browser.close()
}
