// Runs inside the traced program. Tells who makes its snapshots which source maps loaders put into its texts.
import { BroadcastChannel } from 'node:worker_threads'
import { noteMap } from '../../series/inline-maps.ts'
import { THREADS } from '../expressions.ts'
import { method, unharmed } from '../unharmed.ts'

// Taken before the program can change them.
const Channel = BroadcastChannel
const post = method(BroadcastChannel.prototype.postMessage as (message: unknown) => void)
const close = method(BroadcastChannel.prototype.close)
const exec = method(RegExp.prototype.exec)
const lastIndexOf = method(String.prototype.lastIndexOf as (text: string) => number)
const slice = method(String.prototype.slice)

const MARK = 'sourceMappingURL=data:'

/** Announces the map that a text carries, if it does. Does not throw. */
export function announceMap(script: string, text: string): void {
  const at = lastIndexOf(text, MARK)
  if (at < 0) return
  unharmed(() => {
    const found = exec(/^sourceMappingURL=(data:[^\s'"]+)/, slice(text, at))
    if (!found) return
    const map = { script, url: found[1] }
    noteMap(map)
    const channel = new Channel(THREADS)
    post(channel, map)
    close(channel)
  })
}
