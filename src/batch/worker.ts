// The worker thread that reads one file at a time.
import { parentPort } from 'node:worker_threads'
import { type LoadOptions, loadFile } from '../formats/files.ts'
import { buffersOf, type PackedError, type PackedSnapshot, packError, packSnapshot } from './transfer.ts'

/** One file to read. */
export interface Job {
  id: number
  path: string
  options: LoadOptions
}

/** The outcome: the snapshots, or the error. */
export interface Reply {
  id: number
  snapshots?: PackedSnapshot[]
  error?: PackedError
}

parentPort?.on('message', read)

async function read({ id, path, options }: Job): Promise<void> {
  let reply: Reply
  try {
    const { snapshots } = await loadFile(path, options)
    reply = { id, snapshots: snapshots.map(packSnapshot) }
  } catch (error) {
    reply = { id, error: packError(error) }
  }
  const buffers = new Set((reply.snapshots ?? []).flatMap(buffersOf))
  parentPort?.postMessage(reply, [...buffers])
}
