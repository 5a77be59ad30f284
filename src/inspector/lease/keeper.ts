// Runs in a target's main thread. It keeps account of the clients attached, and undoes what was changed for
// those that are gone, however they ended. It is sent as source text, so it uses nothing from outside its own
// function.

/** The accounts in one process, found through a symbol on its `process`. */
export interface Keeper {
  /** Opens an account. The inspector must hold the returned token, which dies with the client's session. */
  hold(id: string): object
  /** The client is still there. */
  beat(id: string): void
  /** Turns off V8 flags, except those in the process's own arguments. Returns true if any was on before. */
  off(id: string, flags: readonly string[]): boolean
  /** The inspector was opened for us; it is closed when the last client has gone. */
  opened(): void
  /** Closes an account and undoes what was done for it alone. Returns the number of accounts left. */
  release(id: string): number
  /** Closes the accounts of clients that are gone. Returns the number of accounts left. */
  sweep(): number
}

/** The keeper of the process in which it is evaluated, created if there is none. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it is sent as its text
export function keeper(): Keeper {
  /** Milliseconds between checks of the accounts. A check that comes late counts as one. */
  const LOOK = 1000
  /** After this many checks without a sign of life, garbage is collected to see if the session is gone. */
  const SUSPECT = [3, 10, 30]
  /** After this many, even an open session (the network is cut, or the client is stopped) is over. */
  const GONE = 60
  /** The same in seconds, for a thread that loops, in which the token is never collected. */
  const GONE_IN_LOOP = 10
  interface Account {
    token: WeakRef<object>
    flags: string[]
    /** Checks since the last sign of life. */
    looks: number
    /** Time of the last sign of life, in seconds. */
    seen: number
    /** Has the thread run its timers since? Until then V8 keeps the token in any case. */
    isMortal: boolean
  }
  const KEY = Symbol.for('tracemalloc.keeper')
  const place = process as unknown as { [KEY]?: Keeper; _debugEnd(): void }
  const known = place[KEY]
  if (known) return known
  const builtin = (name: string) =>
    (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.(name) ?? require(name)
  const { Session } = builtin('inspector') as typeof import('node:inspector')
  const { setFlagsFromString } = builtin('v8') as typeof import('node:v8')
  const { runInNewContext } = builtin('vm') as typeof import('node:vm')
  const timers = builtin('timers') as typeof import('node:timers')
  const accounts = new Map<string, Account>()
  const now = () => process.hrtime()[0]
  let isOpened = false
  let timer: NodeJS.Timeout | undefined

  const ownFlags = () => [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-')
  const flagsInUse = () => new Set([...accounts.values()].flatMap(({ flags }) => flags))

  const collect = () => {
    const isOwn = ownFlags().includes('expose-gc')
    if (!isOwn) setFlagsFromString('--expose-gc')
    try {
      runInNewContext('gc')()
    } finally {
      if (!isOwn) setFlagsFromString('--no-expose-gc')
    }
  }

  /** Runs commands in the inspector of each thread, then calls back; waits at most two seconds. */
  const inAllThreads = (commands: readonly (readonly [string, object])[], done: () => void) => {
    const session = new Session()
    const post = session.post.bind(session) as (method: string, params: object, done?: () => void) => void
    const on = session.on.bind(session) as (
      event: string,
      heard: (message: { params: { sessionId: string; message: string } }) => void,
    ) => void
    const waiting = new Set<string>()
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      session.disconnect()
      done()
    }
    const answered = (id: string) => {
      waiting.delete(id)
      if (waiting.size === 0) end()
    }
    session.connect()
    for (const [method, params] of commands) post(method, params, () => {})
    on('NodeWorker.attachedToWorker', ({ params: { sessionId } }) => {
      waiting.add(sessionId)
      for (const [i, [method, params]] of commands.entries()) {
        const message = JSON.stringify({ id: i + 1, method, params })
        post('NodeWorker.sendMessageToWorker', { sessionId, message }, () => {})
      }
    })
    on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
      if (JSON.parse(message).id === commands.length) answered(sessionId)
    })
    on('NodeWorker.detachedFromWorker', ({ params: { sessionId } }) => answered(sessionId))
    post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => {
      if (waiting.size === 0) end()
      else timers.setTimeout(end, 2000).unref()
    })
  }

  /** Discards all optimized code, so that it is compiled again under the current flags. */
  const RENEW = [
    ['Profiler.enable', {}],
    ['Profiler.startPreciseCoverage', { callCount: true }],
    ['Profiler.stopPreciseCoverage', {}],
    ['Profiler.disable', {}],
  ] as const
  /** Stops the sampler and the tracker of a client whose session is never closed. */
  const STOP = [
    ['HeapProfiler.stopSampling', {}],
    ['HeapProfiler.startTrackingHeapObjects', {}],
    ['HeapProfiler.disable', {}],
  ] as const

  const end = (id: string, isSilent: boolean) => {
    const account = accounts.get(id)
    if (!account) return
    accounts.delete(id)
    const others = flagsInUse()
    const back = account.flags.filter(flag => !others.has(flag))
    for (const flag of back) setFlagsFromString(`--${flag}`)
    const isLast = accounts.size === 0
    if (isLast) {
      timers.clearInterval(timer)
      Reflect.deleteProperty(place, KEY)
    }
    const close = () => {
      if (isLast && isOpened) place._debugEnd()
    }
    const commands = [...(isSilent ? STOP : []), ...(back.some(flag => flag !== 'compact') ? RENEW : [])]
    if (commands.length > 0) inAllThreads(commands, close)
    else close()
  }

  const endDead = () => {
    for (const [id, { token }] of [...accounts]) if (!token.deref()) end(id, false)
  }

  const look = () => {
    let isSuspect = false
    for (const [id, account] of [...accounts]) {
      account.looks++
      account.isMortal = true
      if (account.looks >= GONE) end(id, true)
      else if (SUSPECT.includes(account.looks)) isSuspect = true
    }
    if (!isSuspect) return
    collect()
    endDead()
  }

  const made: Keeper = {
    hold(id) {
      if (accounts.size > 0) made.sweep()
      else timer ??= timers.setInterval(look, LOOK).unref()
      const token = {}
      accounts.set(id, { token: new WeakRef(token), flags: [], looks: 0, seen: now(), isMortal: false })
      return token
    },
    beat(id) {
      const account = accounts.get(id)
      if (!account) return
      account.looks = 0
      account.seen = now()
    },
    off(id, flags) {
      const account = accounts.get(id)
      if (!account) throw new Error('no such account')
      const own = ownFlags()
      // The program keeps its frames stable itself.
      const isStable = Symbol.for('tracemalloc.stable') in process
      const isOurs = (flag: string) => !own.includes(flag) && !(isStable && flag !== 'compact')
      const before = flagsInUse()
      account.flags.push(...flags.filter(isOurs))
      const fresh = account.flags.filter(flag => !before.has(flag))
      for (const flag of fresh) setFlagsFromString(`--no-${flag}`)
      return fresh.length > 0
    },
    opened() {
      isOpened = true
    },
    release(id) {
      end(id, false)
      return accounts.size
    },
    sweep() {
      const silent = [...accounts].filter(([, { seen }]) => now() - seen >= 3)
      if (silent.length === 0) return accounts.size
      for (const [id, { seen, isMortal }] of silent) {
        if (now() - seen >= (isMortal ? GONE : GONE_IN_LOOP)) end(id, true)
      }
      if (accounts.size > 0) {
        collect()
        endDead()
      }
      return accounts.size
    },
  }
  Object.defineProperty(place, KEY, { value: made, configurable: true, enumerable: false })
  return made
}
