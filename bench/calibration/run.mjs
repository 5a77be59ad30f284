// node bench/calibration/run.mjs [PART...] [--quick]: checks the claims of docs/accuracy.md and writes their table there.
// Parts that are not named keep the figures of their last run. Everything: about an hour of one core, most of it real runs of Node,
// which are kept (see runs.mjs) and only made where missing. --quick: a tenth of everything.
// --pairs=N: that many disjoint pairs of identical runs at each interval, not 201.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundled } from './bundled.mjs'
import { collect, folder, profilesOf } from './runs.mjs'

const page = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url))
const quick = process.argv.includes('--quick')
const times = n => (quick ? Math.max(3, Math.round(n / 10)) : n)
const pairs = Number(process.argv.find(word => word.startsWith('--pairs='))?.slice(8) ?? times(201))
const named = process.argv.slice(2).filter(word => !word.startsWith('--'))

const simulated = await bundled('simulated')
const real = await bundled('real')
const runs = { collect, profilesOf }

const PARTS = {
  coverage: () => simulated.coverage(times(400)),
  realCoverage: () => real.realCoverage(runs, 40320, times(60)),
  largeObjects: () => simulated.largeObjects(times(100)),
  alarms: () => simulated.simulatedAlarms(times(400)),
  falseAlarms524288: () => real.falseAlarms(runs, 524288, pairs, true),
  unstableAlarms524288: () => real.falseAlarms(runs, 524288, pairs, false),
  falseAlarms40320: () => real.falseAlarms(runs, 40320, pairs, true),
  unstableAlarms40320: () => real.falseAlarms(runs, 40320, pairs, false),
  falseAlarms2048: () => real.falseAlarms(runs, 2048, pairs, true),
  unstableAlarms2048: () => real.falseAlarms(runs, 2048, pairs, false),
  falseAlarms1: () => real.falseAlarms(runs, 1, pairs, true),
  repeats40320: () => real.repeats(runs, 40320, Math.floor(pairs / 3), false),
  repeats1: () => real.repeats(runs, 1, Math.floor(pairs / 3) - 1, true),
  idle40320: () => real.idle(runs, 40320, times(102)),
  idle2048: () => real.idle(runs, 2048, times(102)),
  power: () => simulated.power(times(400)),
  counts: () => real.counts(runs, 40320, times(400)),
  series: () => simulated.seriesRule(times(400)),
  shortfall2048: () => real.shortfall(runs, 2048, times(12)),
  shortfall40320: () => real.shortfall(runs, 40320, times(20)),
  shortfall524288: () => real.shortfall(runs, 524288, times(30)),
  drift: () => real.drift(runs),
}

for (const name of named)
  if (!PARTS[name]) throw new Error(`no part '${name}': ${Object.keys(PARTS).join(', ')}`)
const kept = join(folder, 'results.json')
const results = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {}
for (const name of named.length > 0 ? named : Object.keys(PARTS)) {
  const start = process.cpuUsage().user
  results[name] = await PARTS[name]()
  writeFileSync(kept, JSON.stringify(results))
  console.error(`${name}: ${((process.cpuUsage().user - start) / 1e6).toFixed(1)} s`)
  for (const { setting, figure, met } of results[name])
    console.error(`  ${met === false ? 'MISS' : 'ok  '} ${figure} | ${setting}`)
}

const rows = Object.keys(PARTS).flatMap(name => results[name] ?? [])
const lines = rows.map(
  ({ claim, setting, figure, met }) =>
    `| ${claim} | ${setting} | ${figure} | ${met === undefined ? 'no target' : met ? 'yes' : '**no**'} |`,
)
const table = ['| claim | setting | reached | met |', '|:--|:--|:--|:--|', ...lines].join('\n')
const text = readFileSync(page, 'utf8')
const [before, rest] = text.split('<!-- table -->\n')
writeFileSync(
  page,
  `${before}<!-- table -->\n${table}\n<!-- end of table -->${rest.split('<!-- end of table -->')[1]}`,
)
