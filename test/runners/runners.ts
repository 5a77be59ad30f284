// Runs the cases in each test runner, on each Node.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../support/cli.ts'

const file = (name: string) => join(root, 'test/runners', name)

/** Arguments of Node that run the cases. */
const RUNNERS = {
  'node:test': ['--test', file('node.test.mjs')],
  vitest: [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--root',
    join(root, 'test/runners'),
    '--config',
    file('vitest.config.mjs'),
  ],
  jest: [
    '--experimental-vm-modules',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--rootDir',
    join(root, 'test/runners'),
    '--config',
    JSON.stringify({ testMatch: ['**/jest.test.mjs'], moduleFileExtensions: ['mjs', 'js'], transform: {} }),
  ],
}

export type Runner = keyof typeof RUNNERS
export const RUNNER_NAMES = Object.keys(RUNNERS) as Runner[]

export interface Share {
  part: number
  parts: number
  repeats: number
}

/** Runs a part of the cases so many times; resolves with what the runner said when it fails, undefined when all is right. */
export function runCases(
  node: string,
  runner: Runner,
  { part, parts, repeats }: Share,
): Promise<string | undefined> {
  const env: NodeJS.ProcessEnv = { ...process.env, CASES: `${part}/${parts}/${repeats}` }
  for (const name of ['VITEST', 'VITEST_WORKER_ID', 'VITEST_POOL_ID', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT'])
    delete env[name]
  return new Promise(resolve => {
    const options = { cwd: root, env, maxBuffer: 1 << 26 }
    execFile(node, RUNNERS[runner], options, (error, stdout, stderr) =>
      resolve(error ? `${stdout}\n${stderr}` : undefined),
    )
  })
}
