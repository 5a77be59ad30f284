// Notes of the inspectors that we are about to open, so that one that `kill -9` left open is recognized. A
// note is an empty file, whose name tells the process and ours, each by id and start.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'

const NAME = /^opened-(\d+)-(\w+)-by-(\d+)-(\w+)$/

/** Where the notes are. Throws where the user has no home. */
function stateFolder(): string {
  const state = process.env.XDG_STATE_HOME ?? ''
  return join(isAbsolute(state) ? state : join(homedir(), '.local/state'), 'tracemalloc')
}

/** When a process was started, which tells it from a later one with its id; undefined if unknown. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return /^[ZX]?$/.test(state) ? undefined : fields[18]
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', `${pid}`]).catch(() => ({
    stdout: '',
  }))
  return stdout.replace(/\W+/g, '') || undefined
}

/**
 * Notes that we open the inspector of a process. Returns the file, to be removed once a keeper in the
 * process, or its closed inspector, makes the note useless; undefined if it cannot be written.
 */
export async function noteOpening(pid: number): Promise<string | undefined> {
  const [theirs, ours] = await Promise.all([startOf(pid), startOf(process.pid)])
  if (theirs === undefined || ours === undefined) return undefined
  try {
    mkdirSync(stateFolder(), { recursive: true, mode: 0o700 })
    const file = join(stateFolder(), `opened-${pid}-${theirs}-by-${process.pid}-${ours}`)
    writeFileSync(file, '', { mode: 0o600 })
    return file
  } catch {
    return undefined // an inspector that is left open cannot be recognized then
  }
}

/** Removes notes; a note that stays is found useless later. */
export async function forget(notes: readonly (string | undefined)[]): Promise<void> {
  for (const note of notes) if (note) await rm(note, { force: true }).catch(() => {})
}

/**
 * Notes of a process's inspector by those of us that are gone. Forgets the notes of processes that are gone.
 */
export async function notesOf(pid: number): Promise<string[]> {
  const found: string[] = []
  try {
    for (const name of await readdir(stateFolder())) {
      const [, noted, start, owner, ownerStart] = NAME.exec(name) ?? []
      if (noted === undefined) continue
      const file = join(stateFolder(), name)
      if ((await startOf(Number(noted))) !== start) await forget([file])
      else if (Number(noted) === pid && (await startOf(Number(owner))) !== ownerStart) found.push(file)
    }
  } catch {} // there are none
  return found
}
