// What is evaluated in a traced thread from outside, through the inspector. The expressions use only `this`,
// the global object, and fixed property names, so that they work whatever the program does to its globals.

/** The global that holds a thread's tracing, shared by all copies of this library. Not enumerable. */
export const KEY = '$tracemalloc'
/** The global that the watcher calls to find out whether the main thread is stuck. */
export const BEAT_KEY = '$tracemalloc_beat'

/** Evaluated by the watcher in the main thread at intervals. */
export const BEAT = `this.${BEAT_KEY}?.()`

/** Evaluated in a thread to begin a read: counts it, flushes, and returns how the thread is traced. */
export const BEGIN_READ = `this.${KEY}?.beginRead()`

/** Evaluated in a thread after its profile was read: memory counters, and blocks that V8 does not sample. */
export const READ_UNSAMPLED = `this.${KEY}?.unsampled()`

/** The channel on which a worker thread announces itself to the watcher when it starts. */
export const THREADS = 'tracemalloc'

/** The watcher's sign of life after it has exited. */
export const GONE = -2

/** Evaluated in a thread when its sampler was stopped from outside: makes it forget that it is traced. */
export const FORGET = `this.${KEY}?.forget()`
