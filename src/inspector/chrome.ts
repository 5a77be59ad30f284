// A page or worker of Chrome as a target, with the iframes and workers that belong to it.
import { goOn, pausedAt } from './debugger/pause.ts'
import type { Isolate, Shown, Target } from './isolate.ts'
import type { Memory } from './memory.ts'
import type { Session } from './session.ts'
import { withTime } from './timeout.ts'
import type { Connection } from './websocket.ts'

/** A target of the browser, as the Target domain describes it. */
interface TargetInfo {
  targetId: string
  type: string
  title: string
  url: string
}

/** Target types with their own heap, and our word for each; others (`tab`, `browser` ...) are ignored. */
const WORDS: Readonly<Record<string, string>> = {
  iframe: 'iframe',
  worker: 'worker',
  shared_worker: 'shared worker',
  service_worker: 'service worker',
}

/** Workers that belong to no page, so no page attaches to them. */
const OF_ORIGIN = new Set(['shared_worker', 'service_worker'])

/** How long a page may take to answer, in ms: one that crashed or loops never does. */
const ANSWER_TIME = 10_000

type Begin = (isolate: Isolate) => Promise<void>

/**
 * A page (or a worker) of Chrome with everything that belongs to it: iframes in other processes, dedicated
 * workers, and the shared and service workers of its origin. `browser` is a connection with the browser
 * itself. Throws TargetError.
 */
export async function chromeTarget(browser: Connection, targetId: string, where: string): Promise<Target> {
  try {
    const { product } = await browser.post<{ product: string }>('Browser.getVersion')
    const { sessionId } = await browser.post<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    })
    const session = browser.session(sessionId)
    await session.post('Inspector.enable').catch(() => {}) // reports a crash; workers do not have this domain
    await answers(session, where)
    const info = await infoOf(browser, targetId)
    const name = WORDS[info.type] === undefined ? 'page' : nameOf(info, new Set())
    const main: Isolate = {
      name,
      session,
      memory: () => heapUsage(session),
      shown: info.type === 'page' ? () => shownBy(browser, session, targetId) : undefined,
    }
    return {
      name: `${info.title || info.url} at ${where}, ${product}`,
      pid: undefined,
      label: where.replace(/\W+/g, '-'),
      runtime: 'chrome',
      runtimeVersion: product.replace(/^.*\//, ''),
      main,
      lease: undefined,
      isolates: async begin => [main, ...(await new Children(browser, main, targetId, begin).start())],
      standstill: async () => {
        const place = await pausedAt(session)
        return place === undefined ? undefined : { why: 'paused', place }
      },
      goOn: () => goOn(session),
      answers: () => answers(session, where),
      closed: session.closed,
      close: () => browser.close(),
    }
  } catch (error) {
    await browser.close()
    throw error
  }
}

async function answers(session: Session, where: string): Promise<void> {
  const late = `the page at ${where} has not answered for ${ANSWER_TIME / 1000} s: it is stuck in a loop or has crashed`
  await withTime(session.post('Runtime.getHeapUsage'), ANSWER_TIME, late)
}

async function infoOf(browser: Session, targetId: string): Promise<TargetInfo> {
  const { targetInfo } = await browser.post<{ targetInfo: TargetInfo }>('Target.getTargetInfo', { targetId })
  return targetInfo
}

/** What the page shows: its URL, and ids that change with the document and with the heap. */
async function shownBy(browser: Session, session: Session, targetId: string): Promise<Shown> {
  const [{ url }, { frameTree }, heap] = await Promise.all([
    infoOf(browser, targetId),
    session.post<{ frameTree: { frame: { loaderId: string } } }>('Page.getFrameTree'),
    heapOf(session),
  ])
  return { url, document: frameTree.frame.loaderId, heap }
}

/** V8's id of the isolate behind a session: iframes of one site share one. */
async function heapOf(session: Session): Promise<string> {
  return (await session.post<{ id: string }>('Runtime.getIsolateId')).id
}

interface HeapUsage {
  usedSize: number
  totalSize: number
  embedderHeapUsedSize?: number
  backingStorageSize?: number
}

async function heapUsage(session: Session): Promise<Memory> {
  const usage = await session.post<HeapUsage>('Runtime.getHeapUsage')
  const { usedSize, totalSize, embedderHeapUsedSize, backingStorageSize } = usage
  return {
    heapUsed: usedSize,
    heapTotal: totalSize,
    ...(embedderHeapUsedSize !== undefined && { embedder: embedderHeapUsedSize }),
    ...(backingStorageSize !== undefined && { arrayBuffers: backingStorageSize }),
  }
}

/** `worker sum.js`: the word for its type, and its own name or the end of its URL; made unique. */
function nameOf({ type, title, url }: TargetInfo, used: ReadonlySet<string>): string {
  const own = title.includes(url) ? '' : title
  const address = URL.canParse(url) ? new URL(url) : undefined
  const tail = type === 'iframe' ? address?.host : own || address?.pathname.replace(/.*\//, '')
  const name = [WORDS[type], tail].filter(Boolean).join(' ')
  for (let n = 1; ; n++) {
    const numbered = n === 1 ? name : `${name} ${n}`
    if (!used.has(numbered)) return numbered
  }
}

/** The isolates that belong to a page besides its own, as they come and go. */
class Children {
  readonly #browser: Connection
  readonly #main: Isolate
  readonly #targetId: string
  readonly #begin: Begin | undefined
  readonly #targets = new Set<string>() // ids that we attached to
  readonly #heaps = new Set<string>()
  readonly #names = new Set<string>()
  readonly #found: Isolate[] = []
  readonly #starting = new Set<Promise<void>>()
  #isStarted = false

  constructor(browser: Connection, main: Isolate, targetId: string, begin: Begin | undefined) {
    this.#browser = browser
    this.#main = main
    this.#targetId = targetId
    this.#begin = begin
    this.#targets.add(targetId)
  }

  /** Attaches to all that exist. Later ones are passed to `begin`, and wait for it. */
  async start(): Promise<readonly Isolate[]> {
    this.#heaps.add(await heapOf(this.#main.session))
    await this.#attachBelow(this.#main.session)
    this.#browser.on('Target.targetCreated', () => this.#look())
    this.#browser.on('Target.targetInfoChanged', () => this.#look())
    this.#browser.on('Target.attachedToTarget', event => this.#attached(event))
    await this.#browser.post('Target.setDiscoverTargets', { discover: true })
    this.#look()
    while (this.#starting.size > 0) await Promise.all(this.#starting)
    this.#isStarted = true
    return this.#found
  }

  /** Makes Chrome attach to a session's own workers and iframes, each of which waits at its start. */
  async #attachBelow(session: Session): Promise<void> {
    session.on('Target.attachedToTarget', event => this.#attached(event))
    await session.post('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: true,
      flatten: true,
    })
  }

  /** Attaches to the shared and service workers of the page's origin. */
  #look(): void {
    this.#run(async () => {
      const { targetInfos } = await this.#browser.post<{ targetInfos: TargetInfo[] }>('Target.getTargets')
      const origin = originOf(targetInfos.find(info => info.targetId === this.#targetId)?.url ?? '')
      for (const { targetId, type, url } of targetInfos) {
        if (!OF_ORIGIN.has(type) || originOf(url) !== origin || this.#targets.has(targetId)) continue
        await this.#browser.post('Target.attachToTarget', { targetId, flatten: true })
      }
    })
  }

  #attached({ sessionId, targetInfo }: { sessionId: string; targetInfo: TargetInfo }): void {
    const session = this.#browser.session(sessionId)
    const isNew = !this.#targets.has(targetInfo.targetId)
    this.#targets.add(targetInfo.targetId)
    void session.closed.then(() => this.#targets.delete(targetInfo.targetId))
    this.#run(async () => {
      try {
        if (isNew && WORDS[targetInfo.type] !== undefined) await this.#add(session, targetInfo)
      } finally {
        await session.post('Runtime.runIfWaitingForDebugger')
      }
    })
  }

  async #add(session: Session, info: TargetInfo): Promise<void> {
    await this.#attachBelow(session).catch(() => {}) // not every worker can have workers
    const heap = await heapOf(session)
    if (this.#heaps.has(heap)) return
    const name = nameOf(info, this.#names)
    this.#heaps.add(heap)
    this.#names.add(name)
    void session.closed.then(() => {
      this.#heaps.delete(heap)
      this.#names.delete(name)
    })
    const isolate: Isolate = { name, session, memory: () => heapUsage(session) }
    if (this.#isStarted) await this.#begin?.(isolate)
    else this.#found.push(isolate)
  }

  /** If a target goes away while we attach to it, that is no error for the others. */
  #run(work: () => Promise<void>): void {
    const running = work()
      .catch(() => {})
      .finally(() => this.#starting.delete(running))
    this.#starting.add(running)
  }
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : ''
}
