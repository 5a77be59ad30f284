import { preload } from './capture/agent/preload.ts'
import { settingsFromEnv } from './capture/v8/settings.ts'
import { FileError, TracemallocError } from './errors.ts'

// `node --import tracemalloc/register app.js`: what PYTHONTRACEMALLOC is to Python.
try {
  const settings = settingsFromEnv(process.env)
  if (settings) preload(settings)
} catch (error) {
  if (!(error instanceof TracemallocError)) throw error
  process.stderr.write(`tracemalloc: ${error.message}${error.hint ? `; ${error.hint}` : ''}\n`)
  if (!(error instanceof FileError)) process.exit(1) // as Python does; without a folder the program runs on untraced
}
