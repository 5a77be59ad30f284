// What is evaluated in a traced thread from outside of it, through the inspector. `this` is the global object, and the names are
// plain ones that cannot be changed, so that nothing of what a program does to its globals is in the way.

/** Name of the global that holds the tracing of a thread, for every copy of this library. It is not listed. */
export const KEY = '$tracemalloc'
/** Name of the global that tells the watcher that the main thread is stuck. */
export const BEAT_KEY = '$tracemalloc_beat'

/** What the watcher evaluates now and then in the main thread. */
export const BEAT = `this.${BEAT_KEY}?.()`

/** What is evaluated in a thread to learn whether and how it is traced. */
export const NEXT_FACTS = `this.${KEY}?.next()`

/** What is evaluated in a thread, after its profile was read, to learn its counters and what is alive besides. */
export const ALIVE_BESIDES = `this.${KEY}?.besides()`

/** The channel on which a worker thread tells the watcher of itself when it starts. */
export const THREADS = 'tracemalloc'

/** The watcher's sign of life when it is no more. */
export const GONE = -2

/** What is evaluated in a thread to have it forget that it is traced, when its sampler is stopped from outside. */
export const FORGET = `this.${KEY}?.forget()`
