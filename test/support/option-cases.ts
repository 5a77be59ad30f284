// What the tests of options see of a command: with the option, and without it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadFile } from '../../src/formats/files.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { main } from './cli.ts'
import { NEWEST, run } from './nodes.ts'

/** What is seen of a command that has ended. */
export interface Seen {
  code: number | null
  stdout: string
  stderr: string
  /** Names in the folder that it worked in. */
  names: string[]
  snapshots: Snapshot[]
  /** Milliseconds until its end. */
  took: number
}

export interface OptionCase {
  /** Words of the command without the option. `DIR` is its folder, `PORT` and `PID` are the target's. */
  words: readonly string[]
  option: readonly string[]
  /** Words after the option. */
  rest?: readonly string[]
  /** Is it seen? Not without the option, but with it. */
  sees(seen: Seen): boolean
}

/** Runs the command in a folder to its end. */
export async function seenOf(args: readonly string[], dir: string, env?: NodeJS.ProcessEnv): Promise<Seen> {
  const start = performance.now()
  const command = run(NEWEST, [main, ...args], { cwd: dir, env })
  const { code } = await command.ended
  const took = performance.now() - start
  const { stdout, stderr } = command
  const names = readdirSync(dir)
  const dumps = names.filter(name => name.endsWith('.pb.gz')).sort()
  const snapshots = await Promise.all(dumps.map(async name => (await loadFile(join(dir, name))).snapshots[0]))
  return { code, stdout, stderr, names, snapshots, took }
}
