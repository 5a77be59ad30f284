import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { root } from './support/cli.ts'

/** FUZZ_SECONDS=120 in CI; a little each time the tests run. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 10)

test('mutations of every sample are read or refused, in time and memory', {
  timeout: SECONDS * 2000 + 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-fuzz-'))
  try {
    const outfile = join(folder, 'fuzz.mjs')
    await build({
      entryPoints: [join(root, 'test/fuzz/main.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
    })
    const seed = process.env.FUZZ_SEED ?? '1'
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [outfile, '--seconds', String(SECONDS), '--seed', seed],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    expect(status, `seed ${seed}: ${stdout}${stderr}`).toBe(0)
    expect(stdout).toMatch(/^\d+ inputs: \d+ refused, \d+ read, 0 at fault/m)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
