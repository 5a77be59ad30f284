// Starts a Chrome with a fresh profile.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Options } from 'chrome-launcher'
import { TargetError } from '../errors.ts'

/** Flags that keep a browser from making requests that nobody asked for. */
export const CLOSED_NETWORK: readonly string[] = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-quic',
  '--metrics-recording-only',
]

/** Keeps every function on the stack and every object apart, as capture/v8/flags.ts does in Node. */
const STABLE = ['--no-turbo-inlining', '--no-maglev-inlining', '--no-turbo-allocation-folding']

/** Keeps V8 from moving objects away from the traces of its allocation tracker. */
const NO_MOVES = '--no-compact'

/** Where Debian installs the browser itself; chrome-launcher does not look there. */
const DEBIAN = ['/usr/lib/chromium/chromium', '/usr/bin/chromium']

export interface LaunchOptions {
  headless: boolean
  stableFrames: boolean
  /** Will the allocation tracker be used? */
  objects: boolean
}

/** A browser that was started for us. */
export interface Launched {
  port: number
  /** Ends it and removes its profile. */
  close(): Promise<void>
}

/** The browser to launch: `CHROME_PATH`, or Debian's; if undefined, chrome-launcher looks for one. */
export function findChrome(): string | undefined {
  return [process.env.CHROME_PATH ?? '', ...DEBIAN].find(path => path !== '' && existsSync(path))
}

/** Starts a browser with a fresh profile that shows a URL. Throws TargetError if none is found or starts. */
export async function launchChrome(url: string, options: LaunchOptions): Promise<Launched> {
  const flags = [...(options.stableFrames ? STABLE : []), ...(options.objects ? [NO_MOVES] : [])]
  const { Launcher } = await import('chrome-launcher')
  let early: string | undefined
  const start = ((...args: Parameters<typeof spawn>) =>
    spawn(...args).once('exit', (code, signal) => {
      early = `it ended at once (${signal ?? `status ${code}`})`
      Object.assign(launcher, { maxConnectionRetries: 0 }) // nobody will answer
    })) as typeof spawn
  const wanted: Options = {
    startingUrl: url,
    chromePath: findChrome(),
    ignoreDefaultFlags: true,
    handleSIGINT: false,
    logLevel: 'silent',
    maxConnectionRetries: 120, // of half a second
    chromeFlags: [
      ...CLOSED_NETWORK,
      ...(options.headless ? ['--headless'] : []),
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // the sandbox refuses root
      ...(flags.length > 0 ? [`--js-flags=${flags.join(',')}`] : []),
    ],
  }
  const launcher = new Launcher(wanted, { spawn: start })
  try {
    await launcher.launch()
  } catch (error) {
    launcher.kill()
    const why = early ?? ((error as Error).message || (error as Error).name)
    throw new TargetError(`cannot launch Chrome: ${why}`, {
      cause: error,
      hint: options.headless
        ? 'set CHROME_PATH to the browser'
        : 'a window needs a display: leave out --headed',
    })
  }
  const child = launcher.chromeProcess!
  const ended = new Promise(resolve => child.once('close', resolve))
  return {
    port: launcher.port!,
    async close() {
      launcher.kill()
      await ended
    },
  }
}
