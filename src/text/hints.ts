// The hints: where little or nothing is shown, what is seen, why it is so little, and what to type. All of
// them are here; each is shown at most once, on standard error or among the notes of a report.
import { formatSize } from './units.ts'

/** What is printed where a user would see nothing and not know why. */
export interface Hint {
  readonly seen: string
  readonly why: string
  readonly type: string
}

/** Most process ids that are listed. */
const MOST_LISTED = 8

/** Each condition by its name, with what it knows. Sizes in bytes, times in seconds. */
export const HINTS = {
  /** Filters leave nothing of a snapshot. `file` is one that it has. */
  noMatch: ({ filters, file }: { filters: string; file?: string }) => ({
    seen: `no memory matches ${filters}`,
    why: file === undefined ? 'no allocation site has a file name' : `its files have names such as ${file}`,
    type: '`tracemalloc top --group-by filename` lists them, and --all-frames looks at callers, too',
  }),
  /** Most memory is in buffers, which are not sampled. */
  buffers: ({ outside }: { outside: number }) => ({
    seen: `${formatSize(outside)} more are in Buffers and ArrayBuffers`,
    why: "they are outside of V8's heap, and were not sampled",
    type: '`tracemalloc run --buffers` shows their lines',
  }),
  /** No line is that of an operation. */
  starts: () => ({
    seen: 'each line is where a function starts',
    why: 'V8 tells no more',
    type: '`tracemalloc run --lines` shows the lines that allocate',
  }),
  /** A target stands still in a debugger. `place` is the line, if it is known. */
  paused: ({ place }: { place: string }) => ({
    seen: `the program is paused in a debugger${place && ` at ${place}`}`,
    why: 'it allocates nothing until it goes on',
    type: '--resume lets it go on',
  }),
  /** A target has not begun. */
  waits: () => ({
    seen: 'the program waits for a debugger (--inspect-brk or --inspect-wait)',
    why: 'none of its code has run',
    type: '--resume starts it, sampled from its first line',
  }),
  /** A target allocated next to nothing. */
  idle: ({ seconds }: { seconds: number }) => ({
    seen: `hardly anything that was allocated in these ${seconds} s is still alive`,
    why: 'the program was idle, or frees what it allocates; memory from before is not seen',
    type: 'give it work meanwhile, --duration 60, --interval 4096, or `tracemalloc run` from its start',
  }),
  /** A target has started other Node processes, as the primary of a cluster does. */
  children: ({ pids }: { pids: readonly number[] }) => ({
    seen: `Node also runs in ${pids.length === 1 ? 'process' : 'processes'} ${listed(pids)}, started by this one`,
    why: 'the memory of its workers is not in its own heap',
    type: `--all reads them all, or attach to one, such as pid:${pids[0]}`,
  }),
  /** Nothing is printed until the read. */
  sampling: ({ seconds, every }: { seconds: number; every: boolean }) => ({
    seen: every ? `reads every ${seconds} s` : `samples for ${seconds} s`,
    why: every ? 'the first is shown then' : 'what is alive is shown then',
    type: every ? 'Ctrl-C ends the series' : '--duration SECONDS is how long',
  }),
  /** An environment variable, or an option, that nothing reads. */
  unknownName: ({ name, nearest, known }: { name: string; nearest?: string; known: string }) => ({
    seen: `${name} is set`,
    why: 'there is no such setting, and it does nothing',
    type: nearest === undefined ? `there are ${known}` : `did you mean ${nearest}?`,
  }),
} satisfies Record<string, (known: never) => Hint>

function listed(pids: readonly number[]): string {
  const rest = pids.length - MOST_LISTED
  return rest > 0 ? `${pids.slice(0, MOST_LISTED).join(', ')} and ${rest} more` : pids.join(', ')
}

/** A hint as one line. */
export function hintLine({ seen, why, type }: Hint): string {
  return `${seen}: ${why}; ${type}`
}

/** The hints of one command: each condition is told once, however often it is met. */
export class Hints {
  readonly #told = new Set<string>()

  /** Lines for those of the hints whose condition has not been told. */
  fresh(hints: readonly Hint[]): string[] {
    const fresh = hints.filter(({ why }) => !this.#told.has(why))
    for (const { why } of fresh) this.#told.add(why)
    return fresh.map(hintLine)
  }
}
