// Runs inside the traced program. Stack traces show the program's own frames, at their true columns, and
// neither helpers nor the columns of rewritten lines.
import Module from 'node:module'
import { fileURLToPath } from 'node:url'
import { siteOfHelper } from '../../../../lines/helper-name.ts'
import { method } from '../../unharmed.ts'
import type { Rewriting } from '../rewriting.ts'
import { originalColumn } from './columns.ts'
import { replace } from './function-text.ts'
import { lineOf } from './text-lines.ts'

type Prepare = (error: Error, sites: NodeJS.CallSite[]) => unknown

// Taken before the program can change them.
const ErrorHere = Error
const { apply, ownKeys, getPrototypeOf, set } = Reflect
const { captureStackTrace } = Error
const { create, defineProperty } = Object
const { isArray } = Array
const describe = method(Error.prototype.toString)
const startsWith = method(String.prototype.startsWith as (text: string) => boolean)
const exec = method(RegExp.prototype.exec)
const getLimit = method(WeakMap.prototype.get as (key: object) => number | undefined)
const setLimit = method(WeakMap.prototype.set as (key: object, value: number) => unknown)
const getWrapper = method(WeakMap.prototype.get as (key: object) => Prepare | undefined)
const setWrapper = method(WeakMap.prototype.set as (key: object, value: Prepare) => unknown)
const pathOf = fileURLToPath

/** Node's limit, and the one that makes room for as many helpers. */
const [LIMIT, ROOM] = [10, 20]

/** Where the code is that stands between the program and Node. */
const OURS = new URL('../../', import.meta.url).href

/** May `Error.prepareStackTrace` be replaced? Not with Node's `--frozen-intrinsics`. */
function isChangeable(): boolean {
  return (
    Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.configurable ?? Object.isExtensible(Error)
  )
}

/** Hides helpers from now on. Throws if the program's `Error` cannot be changed. */
export function hideHelpers(rewriting: Rewriting): void {
  if (!isChangeable())
    throw new Error('the program starts with a frozen Error, whose stack traces would show it')
  const standard = (Error as { prepareStackTrace?: Prepare }).prepareStackTrace
  /** Limits of the traces that the program captured itself. */
  const limits = new WeakMap<object, number>()
  const cut = (error: object, sites: NodeJS.CallSite[]): NodeJS.CallSite[] => {
    const own = withoutHelpers(rewriting, sites)
    const limit = getLimit(limits, error) ?? (ErrorHere.stackTraceLimit === ROOM ? LIMIT : Infinity)
    if (own.length > limit) own.length = limit
    return own
  }
  let custom: Prepare | undefined = standard
  let filtered: Prepare = (error, sites) => format(error, cut(error, sites))
  const prepare = filtered
  defineProperty(Error, 'prepareStackTrace', {
    configurable: true,
    enumerable: false,
    get: () => filtered,
    set(value) {
      if (value === filtered) return
      custom = value as Prepare | undefined
      filtered =
        typeof custom !== 'function' || custom === standard || custom === prepare
          ? prepare
          : wrapped(custom, cut)
    },
  })
  const capture = (target: object, from?: () => void) => {
    const limit = ErrorHere.stackTraceLimit
    const isOwn = typeof limit === 'number' && limit !== ROOM
    if (isOwn) set(ErrorHere, 'stackTraceLimit', 2 * limit) // makes room, unless the program has frozen it
    try {
      captureStackTrace(target, from ?? capture)
      if (isOwn) setLimit(limits, target, limit)
    } finally {
      if (isOwn) set(ErrorHere, 'stackTraceLimit', limit)
    }
  }
  replace(Error, 'captureStackTrace', capture)
  if (Error.stackTraceLimit === LIMIT) Error.stackTraceLimit = ROOM
}

/** By the program's own functions, so that each has one wrapper and is found again. */
const wrappers = new WeakMap<Prepare, Prepare>()

function wrapped(
  custom: Prepare,
  cut: (error: object, sites: NodeJS.CallSite[]) => NodeJS.CallSite[],
): Prepare {
  let wrapper = getWrapper(wrappers, custom)
  if (!wrapper) {
    wrapper = function (this: unknown, error, sites) {
      return apply(custom, this, [error, isArray(sites) ? cut(error, sites) : sites])
    } as Prepare
    setWrapper(wrappers, custom, wrapper)
    setWrapper(wrappers, wrapper, wrapper)
  }
  return wrapper
}

/** The frames with each helper folded into its caller, and with the columns of the original text. */
function withoutHelpers(rewriting: Rewriting, sites: readonly NodeJS.CallSite[]): NodeJS.CallSite[] {
  const own: NodeJS.CallSite[] = []
  try {
    rewriting.update()
    for (let i = 0; i < sites.length; i++) {
      if (startsWith(sites[i].getFileName() ?? '', OURS)) continue
      const helper = siteOfHelper(sites[i].getFunctionName() ?? '')
      if (!helper) own[own.length] = inOriginal(rewriting, sites[i])
      else {
        const next = sites[i + 1]
        const isCaller = next && next.getFileName() === sites[i].getFileName()
        own[own.length] = moved(isCaller ? next : sites[i], helper.lineno, helper.column, !isCaller)
        if (isCaller) i++
      }
    }
    return own
  } catch {
    return sites as NodeJS.CallSite[] // helpers are better than no trace
  }
}

function inOriginal(rewriting: Rewriting, site: NodeJS.CallSite): NodeJS.CallSite {
  const filename = site.getFileName()
  const lineno = site.getLineNumber()
  const column = site.getColumnNumber()
  if (!filename || !lineno || !column) return site
  const file = rewriting.files[startsWith(filename, 'file:') ? pathOf(filename) : filename]
  if (!file) return site
  const original = originalColumn(lineOf(file.original, lineno), lineOf(file.text, lineno), column)
  return original === column ? site : moved(site, lineno, original, false)
}

let proxies: object | undefined
const REAL = Symbol('site')
interface Moved {
  [REAL]: NodeJS.CallSite
  lineno: number
  column: number
  isHelper: boolean
}

/** A frame at another place: V8's own methods work on V8's own frames only. */
function moved(site: NodeJS.CallSite, lineno: number, column: number, isHelper: boolean): NodeJS.CallSite {
  proxies ??= movedPrototype(getPrototypeOf(site)!)
  const frame = create(proxies) as Moved
  defineProperty(frame, REAL, { value: site })
  defineProperty(frame, 'place', { value: { lineno, column, isHelper } })
  return frame as unknown as NodeJS.CallSite
}

function movedPrototype(real: object): object {
  const own = (frame: unknown) => (frame as { place: Moved }).place
  const call = (name: PropertyKey, frame: Moved) =>
    apply((real as Record<PropertyKey, () => unknown>)[name], frame[REAL], [])
  const methods = create(real) as object
  const define = (name: PropertyKey, value: (this: Moved) => unknown) =>
    defineProperty(methods, name, { value, writable: true, configurable: true })
  for (const name of ownKeys(real)) {
    if (name === 'constructor' || typeof (real as Record<PropertyKey, unknown>)[name] !== 'function') continue
    define(name, function () {
      return call(name, this)
    })
  }
  define('getLineNumber', function () {
    return own(this).lineno
  })
  define('getColumnNumber', function () {
    return own(this).column
  })
  for (const name of ['getFunctionName', 'getMethodName', 'getFunction'])
    define(name, function () {
      return own(this).isHelper ? null : call(name, this)
    })
  define('toString', function () {
    const { lineno, column, isHelper } = own(this)
    const match = exec(/^(.*):\d+:\d+(\)?)$/s, `${this[REAL]}`)
    if (!match) return `${this[REAL]}`
    const before = match[1]
    const end = match[2]
    const place = `:${lineno}:${column}`
    return isHelper ? `${this[REAL].getFileName()}${place}` : `${before}${place}${end}`
  })
  return methods
}

interface SourceMap {
  findEntry(
    line: number,
    column: number,
  ): {
    originalSource?: string
    originalLine?: number
    originalColumn?: number
    name?: string
  }
}

/** A trace as Node writes it. */
function format(error: Error, sites: readonly NodeJS.CallSite[]): string {
  let text: string
  try {
    text = describe(error)
  } catch {
    text = '<error>'
  }
  const isMapped = (process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled === true
  for (let i = 0; i < sites.length; i++) {
    text += `\n    at ${(isMapped && mappedText(sites[i])) || sites[i]}`
  }
  return text
}

/** A frame by the source map of its script, if it has one. */
function mappedText(site: NodeJS.CallSite): string | undefined {
  const filename = site.getFileName()
  const [lineno, column] = [site.getLineNumber(), site.getColumnNumber()]
  if (!filename || !lineno || !column) return undefined
  const map = (Module as { findSourceMap?(path: string): SourceMap | undefined }).findSourceMap?.(filename)
  const { originalSource, originalLine, originalColumn, name } = map?.findEntry(lineno - 1, column - 1) ?? {}
  if (originalSource === undefined || originalLine === undefined || originalColumn === undefined)
    return undefined
  const source = startsWith(originalSource, 'file:') ? pathOf(originalSource) : originalSource
  const own = site.getFunctionName()
  const shown = own ?? name
  const place = `${source}:${originalLine + 1}:${originalColumn + 1}`
  const prefix = site.isAsync?.() ? 'async ' : site.isConstructor() ? 'new ' : ''
  const type = !site.isToplevel() && !site.isConstructor() && own ? site.getTypeName() : null
  const label = type && own && !own.startsWith(`${type}.`) ? `${type}.${own}` : shown
  return label ? `${prefix}${label} (${place})` : `${prefix}${place}`
}
