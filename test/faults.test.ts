// Every call of ours that writes or connects fails once. In short; `npm run faults` lets every call fail in every way.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allFaults, buildShim, type Fault, inject, someFaults } from './faults/inject.ts'
import { judge, SCENARIOS, type Target } from './faults/scenarios.ts'

const IS_FULL = process.env.FAULTS === 'all'
const ONLY = process.env.FAULTS_ONLY
const LONG = IS_FULL ? 7_200_000 : 600_000

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

describe.each(SCENARIOS.filter(({ name, isLong }) => (ONLY ? name === ONLY : IS_FULL || !isLong)))(
  '$name',
  scenario => {
    it('ends as it should, whatever call fails', { timeout: LONG }, async () => {
      let target: Target | undefined
      let runs = 0
      const trouble: string[] = []
      const one = async (fault: Fault | undefined) => {
        const folder = join(mkdtempSync(join(parent, 'x-')), 'out')
        mkdirSync(folder)
        scenario.prepare?.(folder)
        const outcome = await inject(
          shim.library,
          folder,
          scenario.args(folder, target),
          fault,
          scenario.redirected,
        )
        const { name, about } = outcome.calls[(fault?.at ?? 0) - 1] ?? { name: 'nothing', about: '' }
        const wrong = await judge(scenario, folder, outcome, fault)
        if (target) wrong.push(...(await target.faults()))
        const where = fault
          ? `${fault.kind} of call ${fault.at} (${name} ${about.replace(folder, '')})`
          : 'no fault'
        trouble.push(...wrong.map(text => `${where}: ${text}`))
        runs++
        rmSync(join(folder, '..'), { recursive: true, force: true })
        return outcome
      }
      try {
        target = await scenario.target?.()
        const { calls } = await one(undefined)
        expect(calls.length).toBeGreaterThan(0)
        expect(trouble).toEqual([])
        for (const fault of IS_FULL ? allFaults(calls) : someFaults(calls)) await one(fault)
      } finally {
        target?.end()
      }
      console.log(`${scenario.name}: ${runs - 1} faults, ${trouble.length} of them with a bad end`)
      expect(trouble).toEqual([])
    })
  },
)
