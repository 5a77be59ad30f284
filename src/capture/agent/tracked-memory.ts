import type { Blocks } from '../series/extra-blocks.ts'
import { type Callable, callsOf, captureAbove } from './call-sites.ts'
import { method } from './unharmed.ts'

// As it is before the program, where tracing starts before it.
const forEach = method(Map.prototype.forEach as Map<string, Site>['forEach'])

/** Blocks that were tracked by the same calls. */
interface Site extends Blocks {
  key: string
}

interface Block {
  site: Site
  size: number
}

/** Memory that the program itself tells of. What a key stands for is not held: a block is there until it is untracked. */
export class Tracked {
  readonly #nframe: number
  readonly #sites = new Map<string, Site>()
  readonly #domains = new Map<number, { objects: WeakMap<object, Block>; values: Map<unknown, Block> }>()

  constructor(nframe: number) {
    this.#nframe = nframe
  }

  /** Adds a block, or replaces it; `top` is the function whose caller has it. */
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

  /** Removes a block, if there is one. */
  untrack(domain: number, key: unknown): void {
    const blocks = this.#blocksOf(domain, key)
    const block = blocks.get(key as object)
    if (!block) return
    blocks.delete(key as object)
    const { site, size } = block
    site.size -= size
    if (--site.count === 0) this.#sites.delete(site.key)
  }

  #blocksOf(domain: number, key: unknown): Pick<WeakMap<object, Block>, 'get' | 'set' | 'delete'> {
    let blocks = this.#domains.get(domain)
    if (!blocks) this.#domains.set(domain, (blocks = { objects: new WeakMap(), values: new Map() }))
    const isObject = typeof key === 'function' || (typeof key === 'object' && key !== null)
    return isObject ? blocks.objects : blocks.values
  }

  /** Puts what is tracked now, added up by the calls, behind `blocks`. */
  read(blocks: Blocks[]): Blocks[] {
    forEach(this.#sites, ({ domain, size, count, calls }) => {
      blocks[blocks.length] = { domain, size, count, calls }
    })
    return blocks
  }
}
