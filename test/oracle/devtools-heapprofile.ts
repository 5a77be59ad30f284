import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const frontend = join(
  dirname(createRequire(import.meta.url).resolve('chrome-devtools-frontend/package.json')),
  'front_end',
)

export interface DevToolsNode {
  functionName: string
  url: string
  lineNumber: number
  columnNumber: number
  self: number
  total: number
  children: DevToolsNode[]
}

export interface DevToolsModel {
  root: DevToolsNode
  total: number
  maxDepth: number
}

/** What stands for DevTools' user interface: it takes every call, and is every class. */
const NOTHING = `
const nothing = new Proxy(function () {}, {
  get: (target, key) => key === Symbol.toPrimitive ? () => '' : key === 'prototype' ? target.prototype : nothing,
  apply: () => nothing,
  construct: () => ({}),
  getPrototypeOf: () => nothing,
})
module.exports = nothing`

const stubs: Plugin = {
  name: 'stubs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path, importer }) => {
      if (!importer.endsWith('HeapProfileView.ts') || path.includes('models/cpu_profile')) return undefined
      return { path, namespace: 'nothing' }
    })
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: NOTHING, loader: 'js' }))
    onResolve({ filter: /CPUProfileDataModel/ }, ({ path }) => ({ path, namespace: 'nothing' }))
  },
}

/** DevTools' own model of a sampling heap profile (Memory panel), built from the npm package without the panel. */
export async function devToolsModel(): Promise<new (profile: unknown) => DevToolsModel> {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-devtools-'))
  try {
    const outfile = join(folder, 'view.mjs')
    await build({
      entryPoints: [join(frontend, 'panels/profiler/HeapProfileView.ts')],
      bundle: true,
      format: 'esm',
      outfile,
      plugins: [stubs],
      logLevel: 'error',
      tsconfigRaw: {},
    })
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)).SamplingHeapProfileModel
  } finally {
    rmSync(folder, { recursive: true })
  }
}
