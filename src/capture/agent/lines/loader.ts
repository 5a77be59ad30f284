// Runs in Node's thread for hooks, before Node 22.15. Rewrites ES modules as they are loaded.
import { fileURLToPath } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import type { FunctionStart } from '../../hot-functions.ts'
import { knownAnswerTo } from './answer.ts'
import { cacheFolder } from './cache.ts'
import { chosenBy, type Lines } from './choice.ts'
import { type LoadResult, textOf } from './load-result.ts'
import type { Loaded } from './question.ts'

/** What this module receives each time it is registered. */
export interface LoaderData {
  /** 1 for the first registration. */
  number: number
  /** The number of the newest, which alone rewrites: it runs after all other hooks. */
  newest: Int32Array
  lines: Lines
  padding: boolean
  /** For `auto`: the functions to rewrite, by file. */
  hot: Record<string, FunctionStart[]> | undefined
  /** Where to tell what was rewritten; only the first has it. */
  port: MessagePort | undefined
}

const PORT = '$tracemalloc_port'
const place = globalThis as unknown as { [PORT]?: MessagePort }

let own: LoaderData
let isChosen: (path: string) => boolean
let folder: string | undefined

/** @public Called by Node. */
export function initialize(data: LoaderData): void {
  own = data
  isChosen = chosenBy(data.lines)
  folder = cacheFolder()
  if (data.port) {
    place[PORT] = data.port
    data.port.unref()
  }
}

/** @public Called by Node for each module. */
export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<LoadResult>,
): Promise<LoadResult> {
  const result = await next(url, context)
  const { format, source } = result
  if (own.number !== Atomics.load(own.newest, 0) || format !== 'module' || !source) return result
  if (!url.startsWith('file:')) return result
  const filename = fileURLToPath(url)
  if (!isChosen(filename) || (own.hot && !own.hot[filename])) return result
  const original = textOf(source)
  const functions = own.hot?.[filename]
  const question = {
    source: original,
    kind: 'module',
    typescript: undefined,
    padding: own.padding,
    functions,
  } as const
  const answer = knownAnswerTo(question, folder)
  place[PORT]?.postMessage({
    filename,
    original,
    kind: 'module',
    typescript: undefined,
    answer,
  } satisfies Loaded)
  return answer.text === undefined ? result : { ...result, source: answer.text }
}
