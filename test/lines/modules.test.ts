import { describe, expect, it } from 'vitest'
import { examine, programs } from './modules.ts'

/** Each day other files, so that all have their turn. LINES=all takes 10,000. */
const COUNT = process.env.LINES === 'all' ? 10_000 : 150

function chosen(): string[] {
  const all = programs()
  const step = Math.max(1, Math.floor(all.length / COUNT))
  const day = Math.floor(performance.timeOrigin / 86_400_000)
  return all.filter((_, index) => index % step === day % step).slice(0, COUNT)
}

describe('programs of packages', () => {
  it(
    'are parsed again with the same lines and the same names to import',
    async () => {
      const paths = chosen()
      expect(paths.length).toBeGreaterThan(100)
      const total = { files: 0, bytes: 0, sites: 0, left: 0, asTheyAre: 0 }
      for (const path of paths) {
        const { reason, bytes, sites, left, faults } = await examine(path)
        expect.soft(faults, path).toEqual([])
        total.files++
        total.bytes += bytes
        total.sites += sites
        total.left += left
        if (reason !== undefined) total.asTheyAre++
        if (reason !== undefined && process.env.LINES === 'all') console.log(`${path}: ${reason}`)
      }
      if (process.env.LINES === 'all') console.log(total)
      expect(total.sites).toBeGreaterThan(1000)
      expect(total.asTheyAre).toBeLessThan(total.files / 50)
    },
    process.env.LINES === 'all' ? 3_600_000 : 120_000,
  )
})
