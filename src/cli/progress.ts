// The progress bar for large files.
import { statSync } from 'node:fs'
import { visible } from '../text/escape.ts'

/** Smaller files are read before anybody could see a bar. In bytes. */
const SMALL = 16 << 20

export interface Progress {
  /** `n` more bytes of the file were read. */
  add(n: number): void
  stop(): void
}

/** A bar on standard error, if that is a terminal and the file is large. */
export function progress(path: string): Progress {
  const none = { add() {}, stop() {} }
  if (!process.stderr.isTTY || path === '-') return none
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size < SMALL) return none
  let bytes = 0
  let stopped = false
  let bar: { update(n: number): void; stop(): void } | undefined
  void import('cli-progress').then(({ default: { SingleBar, Presets } }) => {
    if (stopped) return
    const single = new SingleBar(
      {
        format: `reading ${visible(path, '{')} {bar} {percentage} %`,
        stream: process.stderr,
        clearOnComplete: true,
      },
      Presets.shades_classic,
    )
    single.start(size, bytes)
    bar = single
  })
  return {
    add(n) {
      bytes += n
      bar?.update(bytes)
    },
    stop() {
      stopped = true
      bar?.stop()
    },
  }
}
