// Every call of ours that writes or connects fails once. In short; `npm run faults` lets every call fail in every way.
//
// FAULTS=all      every fault
// FAULTS_ONLY     one command
// FAULTS_JOBS     how many are tried at once
// FAULTS_SHARD    2/4: the second quarter of them
// FAULTS_LOG      a file for the results; what had a good end in it is not tried again
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allFaults, buildShim, someFaults } from './faults/inject.ts'
import { SCENARIOS } from './faults/scenarios.ts'
import { summary, troubles, tryFaults } from './faults/tried.ts'

const { FAULTS, FAULTS_ONLY, FAULTS_JOBS = '6', FAULTS_SHARD = '1/1', FAULTS_LOG: log } = process.env
const isFull = FAULTS === 'all'
const [part, of] = FAULTS_SHARD.split('/').map(Number)

let shim: ReturnType<typeof buildShim>
let parent: string

beforeAll(() => {
  shim = buildShim()
  parent = mkdtempSync(join(tmpdir(), 'tracemalloc-faults-'))
})
afterAll(() => {
  shim.remove()
  rmSync(parent, { recursive: true, force: true })
})

describe.each(
  SCENARIOS.filter(({ name, isLong }) => (FAULTS_ONLY ? name === FAULTS_ONLY : isFull || !isLong)),
)('$name', scenario => {
  it('ends as it should, whatever call fails', { timeout: isFull ? 7_200_000 : 600_000 }, async () => {
    const { library } = shim
    const choose = isFull ? allFaults : someFaults
    const shard = { part, of }
    const start = performance.now()
    const tried = await tryFaults(scenario, {
      library,
      parent,
      choose,
      jobs: Number(FAULTS_JOBS),
      shard,
      log,
    })
    const seconds = Math.round((performance.now() - start) / 1000)
    process.stdout.write(`${summary(scenario.name, tried)}, in ${seconds} s\n`)
    expect(troubles(tried)).toEqual([])
  })
})
