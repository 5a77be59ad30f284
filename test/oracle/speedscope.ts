import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import vm from 'node:vm'

/** Folder of what npm's `speedscope` ships. */
export const release = join(
  dirname(createRequire(import.meta.url).resolve('speedscope/package.json')),
  'dist/release',
)

interface Frame {
  name: string
  file?: string
  line?: number
  col?: number
}

interface Node {
  frame: Frame
  parent: Node | null
  getSelfWeight(): number
  isRoot(): boolean
}

export interface Profile {
  getName(): string
  getTotalWeight(): number
  getWeightUnit(): string
  forEachCall(open: (node: Node, value: number) => void, close: (node: Node, value: number) => void): void
}

export interface ProfileGroup {
  name: string
  profiles: Profile[]
}

/**
 * speedscope's own importer. The package ships a page's bundle only: the importer is taken out of it, and the line that
 * draws the page is left out.
 */
export function speedscopeImporter(): (name: string, bytes: Uint8Array) => Promise<ProfileGroup | null> {
  const file = readdirSync(release).find(name => /^speedscope-.*\.js$/.test(name)) as string
  const bundle = readFileSync(join(release, file), 'utf8')
  const start = bundle.lastIndexOf('console.log(`speedscope v')
  const lazy = /Promise\.resolve\(\)\.then\(\(\)=>\((\w+)\(\),(\w+)\)\)/.exec(bundle)
  if (start < 0 || !lazy) throw new Error('the bundle of speedscope is not as it was')
  const exposed = `globalThis.importer=(${lazy[1]}(),${lazy[2]})})()`
  const element = () => ({ style: {}, appendChild() {}, addEventListener() {}, setAttribute() {} })
  const page: Record<string, unknown> = {
    ...{
      console: { log() {}, warn() {}, error() {} },
      TextDecoder,
      TextEncoder,
      URL,
      setTimeout,
      clearTimeout,
      performance,
    },
    ...{
      atob,
      btoa,
      addEventListener() {},
      removeEventListener() {},
      matchMedia: () => ({ matches: false, addListener() {} }),
    },
    navigator: { platform: '', userAgent: '' },
    location: { protocol: 'file:', hash: '', href: '' },
    localStorage: { getItem: () => null, setItem() {} },
    document: {
      ...element(),
      createElement: element,
      head: element(),
      body: element(),
      currentScript: { src: '' },
    },
  }
  page.window = page.self = page
  const context = vm.createContext(page)
  vm.runInContext(bundle.slice(0, start) + exposed, context)
  const { importer } = page as { importer: { importProfilesFromArrayBuffer: Importer } }
  const ArrayBufferThere = vm.runInContext('ArrayBuffer', context) as typeof ArrayBuffer
  return (name, bytes) => {
    const buffer = new ArrayBufferThere(bytes.length)
    new Uint8Array(buffer).set(bytes)
    return importer.importProfilesFromArrayBuffer(name, buffer)
  }
}

type Importer = (name: string, buffer: ArrayBuffer) => Promise<ProfileGroup | null>

/** Self weights by stack: `a;b;c` -> number, the frames' names and places as they were read. */
export function selfWeights(profile: Profile): Map<string, number> {
  const weights = new Map<string, number>()
  const seen = new Set<Node>()
  profile.forEachCall(
    node => {
      if (seen.has(node)) return
      seen.add(node)
      if (node.getSelfWeight() === 0) return
      const frames: string[] = []
      for (let at: Node | null = node; at && !at.isRoot(); at = at.parent) {
        const { name, file, line, col } = at.frame
        frames.unshift([name, file, line, col].filter(part => part !== undefined).join(' '))
      }
      const key = frames.join(';')
      weights.set(key, (weights.get(key) ?? 0) + node.getSelfWeight())
    },
    () => {},
  )
  return weights
}
