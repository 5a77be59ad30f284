// Preloaded into a program: starts tracing as its environment says.
import { isMainThread } from 'node:worker_threads'
import { preload } from './capture/agent/preload.ts'
import { complain } from './capture/agent/unharmed.ts'
import { settingsFromEnv, unknownVariables } from './capture/v8/settings.ts'
import { TracemallocError, UsageError } from './errors.ts'
import { hintLine } from './text/hints.ts'

// `node --import tracemalloc/register app.js`: what PYTHONTRACEMALLOC is to Python.
try {
  const settings = settingsFromEnv(process.env)
  if (isMainThread && settings) for (const hint of unknownVariables(process.env)) complain(hintLine(hint))
  if (settings) preload(settings)
} catch (error) {
  const { message } = error as Error
  const hint = error instanceof TracemallocError && error.hint ? `; ${error.hint}` : ''
  if (error instanceof UsageError) {
    complain(`${message}${hint}`)
    process.exit(1) // as Python does
  }
  complain(`the program runs untraced: ${message}${hint}`)
}
