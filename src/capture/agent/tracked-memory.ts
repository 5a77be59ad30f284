// Runs inside the traced program. Memory that the program tracks explicitly.
import type { ExtraBlocks } from '../series/extra-blocks.ts'
import { type Callable, callsOf, captureAbove } from './call-sites.ts'
import { method } from './unharmed.ts'

// Taken before the program can change it, if tracing starts first.
const forEach = method(Map.prototype.forEach as Map<string, Site>['forEach'])

/** Blocks tracked by the same calls. */
interface Site extends ExtraBlocks {
  key: string
}

interface Block {
  site: Site
  size: number
}

/** Memory that the program itself reports. Keys are not kept alive; blocks exist until they are untracked. */
export class TrackedMemory {
  readonly #nframe: number
  readonly #sites = new Map<string, Site>()
  readonly #domains = new Map<number, { objects: WeakMap<object, Block>; values: Map<unknown, Block> }>()

  constructor(nframe: number) {
    this.#nframe = nframe
  }

  /** Adds or replaces a block. `top` is the function whose caller owns it. */
  track(domain: number, key: unknown, size: number, top: Callable): void {
    const calls = callsOf(captureAbove(top, this.#nframe))
    this.untrack(domain, key)
    const text = `${domain} ${JSON.stringify(calls)}`
    let site = this.#sites.get(text)
    if (!site) this.#sites.set(text, (site = { key: text, domain, size: 0, count: 0, calls }))
    site.size += size
    site.count++
    this.#blocksOf(domain, key).set(key as object, { site, size })
  }

  /** Removes a block, if it exists. */
  untrack(domain: number, key: unknown): void {
    const blocks = this.#blocksOf(domain, key)
    const block = blocks.get(key as object)
    if (!block) return
    blocks.delete(key as object)
    const { site, size } = block
    site.size -= size
    if (--site.count === 0) this.#sites.delete(site.key)
  }

  /** The calls that a block was tracked by, most recent first; undefined where there is no such block. */
  callsOf(domain: number, key: unknown): Site['calls'] | undefined {
    return this.#blocksOf(domain, key).get(key as object)?.site.calls
  }

  #blocksOf(domain: number, key: unknown): Pick<WeakMap<object, Block>, 'get' | 'set' | 'delete'> {
    let blocks = this.#domains.get(domain)
    if (!blocks) this.#domains.set(domain, (blocks = { objects: new WeakMap(), values: new Map() }))
    const isObject = typeof key === 'function' || (typeof key === 'object' && key !== null)
    return isObject ? blocks.objects : blocks.values
  }

  /** Appends what is tracked now to `blocks`, added up by call stack. */
  read(blocks: ExtraBlocks[]): ExtraBlocks[] {
    forEach(this.#sites, ({ domain, size, count, calls }) => {
      blocks[blocks.length] = { domain, size, count, calls }
    })
    return blocks
  }
}
