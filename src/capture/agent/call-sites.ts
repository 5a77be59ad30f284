// Runs inside the traced program. Captures call stacks cheaply and resolves them later.
import { fileOf } from '../../model/names/script-url.ts'
import type { Call } from '../series/extra-blocks.ts'

/** A function, or a class. */
export type Callable = ((...args: never[]) => unknown) | (new (...args: never[]) => unknown)

/** A captured stack, at a tenth of the cost of resolving its calls. It keeps the calls' receivers alive. */
export interface Captured {
  stack?: unknown
}

/** Captures the calls that led to the caller of function `top`. Throws RangeError if the stack is full. */
export function captureAbove(top: Callable, nframe: number): Captured {
  const { stackTraceLimit } = Error
  const captured: Captured = {}
  try {
    Error.stackTraceLimit = nframe
    Error.captureStackTrace(captured, top)
    return captured
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The calls of a captured stack, most recent first. Call it once. Throws RangeError if the stack is full. */
export function callsOf(captured: Captured): Call[] {
  const { prepareStackTrace } = Error
  try {
    Error.prepareStackTrace = (_, sites) => sites.map(callOf)
    if (!Array.isArray(captured.stack)) throw new RangeError('no room to look at the stack')
    return captured.stack
  } finally {
    Error.prepareStackTrace = prepareStackTrace
  }
}

function callOf(site: NodeJS.CallSite): Call {
  const filename = site.getFileName() ?? ''
  const lineno = site.getLineNumber() ?? 0
  const isScript = filename !== '' || site.isEval()
  return {
    functionName: site.getFunctionName() ?? '',
    filename: fileOf(isScript ? '1' : '0', filename, lineno > 0),
    lineno,
    column: site.getColumnNumber() ?? 0,
  }
}
