import { expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

const AFTER = 'samples/heapprofile/leak-node26-i1024-after.heapprofile'
const BEFORE = 'samples/heapprofile/leak-node26-i1024-before.heapprofile'

it('tree', async () => {
  const { status, stdout, stderr } = await cli(['tree', AFTER, '--app', '--depth', '2'])
  const note =
    'each line is where a function starts: V8 tells no more; `tracemalloc run --lines` shows the lines that allocate'
  expect({ status, stderr }).toEqual({ status: 0, stderr: `tracemalloc: note: ${note}\n` })
  const total = (await cli(['info', AFTER, '--format', 'json'])).stdout
  const { size, count } = JSON.parse(total).files[0].snapshots[0]
  expect(stdout.split('\n')[0]).toBe(`total: size=${Math.round(size / 1024)} KiB, count=~${count}`)
  expect(stdout).toMatch(/^ {4}work \(.*leak\.cjs:7\): size=/m)
})

it('tree --diff', async () => {
  const { rows } = JSON.parse((await cli(['tree', AFTER, '--diff', BEFORE, '--format', 'json'])).stdout)
    .snapshots[0]
  const { stdout } = await cli(['diff', BEFORE, AFTER, '--format', 'json'])
  const { total } = JSON.parse(stdout).snapshots[0]
  expect(rows[0]).toMatchObject({ size: total.size, sizeDiff: total.sizeDiff })
})

it('names what is wrong', async () => {
  expect((await cli(['tree', AFTER, '--min', '101'])).stderr).toMatch(/from 0 to 100/)
  expect((await cli(['tree', AFTER, '--format', 'csv'])).status).toBe(2)
  expect((await cli(['tree', AFTER, AFTER])).status).toBe(2)
})
