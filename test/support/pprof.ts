import { pprof } from '../../converters/pprof/index.ts'
import { write } from '../../converters/pprof/write.ts'
import { bytesSource } from '../../src/bytes/source.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { checkSnapshot } from './check-snapshot.ts'

/** A dump of ours, not gzipped. */
export function written(...snapshots: Snapshot[]): Uint8Array {
  return Buffer.concat([...write(snapshots)])
}

/** What we read of a pprof profile, each snapshot checked. */
export async function read(bytes: Uint8Array, options = {}, size = 4096): Promise<readonly Snapshot[]> {
  const snapshots = await pprof.read!(bytesSource(bytes, 'x', size), options)
  snapshots.forEach(checkSnapshot)
  return snapshots
}
