// What is evaluated in a traced thread from outside of it, through the inspector.

/** Where the watcher finds what tells it that this thread is stuck. */
export const BEAT_KEY = Symbol.for('tracemalloc.beat')
/** What the watcher evaluates now and then in this thread. */
export const BEAT = "globalThis[Symbol.for('tracemalloc.beat')]?.()"

/** What is evaluated in a thread to learn whether and how it is traced. */
export const NEXT_FACTS = "globalThis[Symbol.for('tracemalloc')]?.next()"

/** What is evaluated in a thread, after its profile was read, to learn what is alive besides. */
export const LIVE_BLOCKS = "globalThis[Symbol.for('tracemalloc')]?.blocks()"
