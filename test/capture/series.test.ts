// A series of reads of a target: its clock, its end, and what goes wrong in between.
import { describe, expect } from 'vitest'
import { cli } from '../support/cli.ts'
import { dumps, folder, freePort, it, leak, OLDEST, run, toolEnds } from '../support/nodes.ts'

describe.concurrent('the time of a series', () => {
  it('goes by a clock that nobody sets: it ends when it should although the wall clock goes back', async () => {
    const port = await freePort()
    const target = run(OLDEST, [`--inspect=127.0.0.1:${port}`, leak])
    await target.says(/Debugger listening/)
    const back = 'const now = Date.now; let calls = 0; Date.now = () => now() - 36e5 * ++calls'
    const out = folder()
    const { code, stderr } = await toolEnds(
      ['attach', `${port}`, '--every', '0.2', '--duration', '1', '--out', out],
      OLDEST,
      { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(back)}"` },
    )
    expect(stderr).toContain('wrote')
    expect(code).toBe(0)
    expect(dumps(out).length).toBeLessThanOrEqual(5)
  })

  it('refuses a time that a timer cannot take, which would ring at once', async () => {
    const { status, stderr } = await cli(['attach', '1', '--every', '2147484'])
    expect(status).toBe(2)
    expect(stderr).toContain('0.001 to 2147483')
    const traced = run(OLDEST, ['--import', './dist/src/register.js', leak], {
      env: { TRACEMALLOC_EVERY: '2147484' },
    })
    expect((await traced.ended).code).toBe(1)
    expect(traced.stderr).toContain('TRACEMALLOC_EVERY=2147484: it takes a number of at most 2147483')
  })
})
