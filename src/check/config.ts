// The settings of `check`, from tracemalloc.config.json.
import { readFile } from 'node:fs/promises'
import { asFileError, UsageError } from '../errors.ts'
import { parseSize } from '../text/units.ts'

/** Name of the file that `check` looks for in the working directory. */
export const CONFIG_NAME = 'tracemalloc.config.json'

/** What a budget or an exception applies to. */
export type Scope =
  | { kind: 'total' }
  | { kind: 'package'; name: string }
  | { kind: 'path'; pattern: string }
  | { kind: 'line'; pattern: string; lineno: number }

/** A limit on total bytes, or on growth over the baseline in bytes. */
export interface ScopedBudget {
  scope: Scope | { kind: 'each' }
  size?: number
  growth?: number
}

/** Memory that no budget counts, and why. */
export interface Allowance {
  scope: Scope
  reason: string
}

/** The settings of `check`. */
export interface CheckConfig {
  budgets: ScopedBudget[]
  allow: Allowance[]
}

/** Reads the settings from a file, if it exists. Throws UsageError for a bad value or key, and FileError. */
export async function readConfig(path: string): Promise<CheckConfig | undefined> {
  let document: unknown
  try {
    document = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${path}: not JSON: ${error.message}`)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asFileError(`read ${path}`, error)
  }
  try {
    return parseConfig(document)
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${path}: ${error.message}`) : error
  }
}

/** The settings in a JSON document. */
export function parseConfig(document: unknown): CheckConfig {
  const config = objectOf(document, 'the document', ['budgets', 'allow'])
  return {
    budgets: arrayOf(config.budgets ?? [], 'budgets').map((value, i) => parseBudget(value, `budgets[${i}]`)),
    allow: arrayOf(config.allow ?? [], 'allow').map((value, i) => parseAllowance(value, `allow[${i}]`)),
  }
}

const SCOPES = ['total', 'package', 'path', 'line']

function parseBudget(value: unknown, path: string): ScopedBudget {
  const budget = objectOf(value, path, [...SCOPES, 'each', 'size', 'growth'])
  if (budget.size === undefined && budget.growth === undefined) {
    throw new UsageError(`${path} needs a limit: size, growth or both`)
  }
  const limits = {
    size: budget.size === undefined ? undefined : sizeOf(budget.size, `${path}.size`),
    growth: budget.growth === undefined ? undefined : sizeOf(budget.growth, `${path}.growth`),
  }
  if (budget.each === undefined) return { scope: parseScope(budget, path), ...limits }
  if (budget.each !== true || SCOPES.some(name => budget[name] !== undefined)) {
    throw new UsageError(`${path}.each must be true, without another scope`)
  }
  return { scope: { kind: 'each' }, ...limits }
}

function parseAllowance(value: unknown, path: string): Allowance {
  const allowance = objectOf(value, path, ['package', 'path', 'line', 'reason'])
  if (typeof allowance.reason !== 'string' || allowance.reason.trim() === '') {
    throw new UsageError(`${path}.reason is missing: say why this may grow`)
  }
  return { scope: parseScope(allowance, path), reason: allowance.reason }
}

function parseScope(value: Record<string, unknown>, path: string): Scope {
  const named = SCOPES.filter(name => value[name] !== undefined)
  if (named.length !== 1) throw new UsageError(`${path} needs one of ${SCOPES.join(', ')}`)
  const [name] = named
  const what = value[name]
  if (name === 'total') {
    if (what !== true) throw new UsageError(`${path}.total must be true`)
    return { kind: 'total' }
  }
  if (typeof what !== 'string' || what === '') throw new UsageError(`${path}.${name} must be a text`)
  if (name === 'package') return { kind: 'package', name: what }
  if (name === 'path') return { kind: 'path', pattern: what }
  const line = /^(.+):(\d+)$/s.exec(what)
  if (!line) throw new UsageError(`${path}.line must be FILE:LINE, such as src/app.js:10`)
  return { kind: 'line', pattern: line[1], lineno: Number(line[2]) }
}

function objectOf(value: unknown, path: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${path} must be an object`)
  const unknown = Object.keys(value).find(key => !keys.includes(key))
  if (unknown !== undefined)
    throw new UsageError(`${path} has an unknown key '${unknown}'; known: ${keys.join(', ')}`)
  return value as Record<string, unknown>
}

function arrayOf(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw new UsageError(`${path} must be an array`)
  return value
}

function sizeOf(value: unknown, path: string): number {
  const size = typeof value === 'string' ? parseSize(value) : value
  if (typeof size !== 'number' || !(size >= 0) || !Number.isFinite(size)) {
    throw new UsageError(`${path} must be a size such as 4096 or "64 KiB"`)
  }
  return size
}
