import { parentPort } from 'node:worker_threads'
import { TracemallocError } from '../errors.ts'
import { type LoadOptions, loadFile } from '../formats/files.ts'
import { buffersOf, type PackedSnapshot, packSnapshot } from './transfer.ts'

/** One file to read. */
export interface Job {
  id: number
  path: string
  options: LoadOptions
}

/** What came of it: the snapshots, or the words of the error. */
export interface Reply {
  id: number
  snapshots?: PackedSnapshot[]
  error?: string
}

parentPort?.on('message', read)

async function read({ id, path, options }: Job): Promise<void> {
  let reply: Reply
  try {
    const { snapshots } = await loadFile(path, options)
    reply = { id, snapshots: snapshots.map(packSnapshot) }
  } catch (error) {
    reply = { id, error: error instanceof TracemallocError ? error.message : String(error) }
  }
  const buffers = new Set((reply.snapshots ?? []).flatMap(buffersOf))
  parentPort?.postMessage(reply, [...buffers])
}
