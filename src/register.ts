import { preload } from './capture/preload.ts'
import { type Settings, settingsFromEnv } from './capture/settings.ts'
import { TracemallocError } from './errors.ts'

// `node --import tracemalloc/register app.js`: what PYTHONTRACEMALLOC is to Python.
let settings: Settings | undefined
try {
  settings = settingsFromEnv(process.env)
} catch (error) {
  if (!(error instanceof TracemallocError)) throw error
  process.stderr.write(`tracemalloc: ${error.message}${error.hint ? `; ${error.hint}` : ''}\n`)
  process.exit(1) // as Python does
}
if (settings) preload(settings)
