import { fileOf } from '../model/filenames.ts'
import type { Call } from './blocks.ts'

/** A function, or a class. */
export type Callable = ((...args: never[]) => unknown) | (new (...args: never[]) => unknown)

/** The calls that led to the caller of the function `top`, most recent first. Throws RangeError where the stack is full. */
export function callsAbove(top: Callable, nframe: number): Call[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = nframe
    Error.prepareStackTrace = (_, sites) => sites.map(callOf)
    Error.captureStackTrace(holder, top)
    if (!Array.isArray(holder.stack)) throw new RangeError('no room to look at the stack')
    return holder.stack
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
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
