// Writes the difference of two snapshots as a snapshot, for `diff --output`.
import { UsageError } from '../errors.ts'
import { converterFor, converterNamed, dumpSnapshots } from '../formats/files.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { differenceOf } from '../transform/merge.ts'
import { sayLosses } from './losses.ts'
import { writeStdout } from './output.ts'

/**
 * Writes what changed from old to new snapshots to a file (`-` is standard output), in the way of its format:
 * sizes that can be negative, or the two side by side. Throws UsageError for a format that has neither.
 */
export async function writeDifference(
  pairs: readonly { now: Snapshot; old: Snapshot }[],
  out: string,
  to: string | undefined,
): Promise<void> {
  const converter = to !== undefined || out === '-' ? converterNamed(to ?? 'pprof') : converterFor(out)
  if (converter.difference === undefined)
    throw new UsageError(`${converter.name} files cannot contain a difference`)
  const snapshots = pairs.flatMap(({ now, old }) =>
    converter.difference === 'pair' ? [old, now] : [differenceOf(now, old)],
  )
  if (out === '-') await writeStdout(converter, snapshots, {})
  else await dumpSnapshots(snapshots, out, { to: converter.name })
  sayLosses(snapshots, converter)
}
