// Programs of packages: every file is rewritten, parsed again, and compared with what it was.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Parser } from 'acorn'
import { init, parse as namesOf } from 'cjs-module-lexer'
import { rewrite } from '../../src/lines/rewrite.ts'
import { root } from '../support/cli.ts'

/** Files larger than this take their time; a few of them are enough. */
const MAX_BYTES = 1_000_000

/** All programs in node_modules, in an order that is the same each time. */
export function programs(): string[] {
  const folder = join(root, 'node_modules')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(js|cjs|mjs)$/.test(file))
    .sort()
    .map(file => join(folder, file))
}

export interface Outcome {
  /** Why the file runs as it is. */
  readonly reason?: string
  readonly bytes: number
  readonly sites: number
  readonly left: number
  /** What is wrong with the new text. */
  readonly faults: readonly string[]
}

const NOTHING: Outcome = { bytes: 0, sites: 0, left: 0, faults: [] }

/** Rewrites a file as a CommonJS module, or else as an ES module, and looks for faults in the new text. */
export async function examine(path: string): Promise<Outcome> {
  const source = readSource(path)
  if (source === undefined) return NOTHING
  const types = path.endsWith('.mjs') ? (['module'] as const) : (['commonjs', 'module'] as const)
  let reason: string | undefined
  for (const sourceType of types) {
    const result = rewrite(source, { sourceType })
    if ('reason' in result) reason ??= result.reason
    else {
      const faults = await faultsOf(source, result.text, sourceType)
      return { bytes: source.length, sites: result.sites, left: result.left, faults }
    }
  }
  return { ...NOTHING, bytes: source.length, reason }
}

function readSource(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > MAX_BYTES ? undefined : text
  } catch {
    return undefined // a folder whose name ends in .js
  }
}

async function faultsOf(source: string, text: string, sourceType: 'commonjs' | 'module'): Promise<string[]> {
  const faults: string[] = []
  try {
    Parser.parse(text, { ecmaVersion: 'latest', sourceType, allowHashBang: true })
  } catch (error) {
    faults.push(`is not parsed again: ${error}`)
  }
  // The helpers stand behind the last statement; until there every line is where it was.
  const helpers = text.search(/;(?:var|function) \$tm/)
  const { body } = Parser.parse(source, { ecmaVersion: 'latest', sourceType, allowHashBang: true })
  if (helpers >= 0 && linesOf(text.slice(0, helpers)) !== linesOf(source.slice(0, body.at(-1)!.end)))
    faults.push('has other lines')
  if (sourceType === 'commonjs') {
    await init()
    if (exportsOf(source) !== exportsOf(text)) faults.push('exports other names')
  }
  return faults
}

function linesOf(text: string): number {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).length
}

function exportsOf(text: string): string {
  try {
    return JSON.stringify(namesOf(text))
  } catch {
    return 'not found'
  }
}
