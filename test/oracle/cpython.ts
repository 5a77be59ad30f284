import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('cpython.py', import.meta.url))

/** What differs from run to run only where it is asked for: `SEED=7 npx vitest run test/model`. */
export const seed = process.env.SEED ?? '1'

/** Asks CPython; see `cpython.py` for what. */
export function cpython<T>(args: readonly string[], input?: unknown): T {
  const output = execFileSync('python3', [script, ...args], {
    input: input === undefined ? '' : JSON.stringify(input),
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })
  return JSON.parse(output) as T
}
