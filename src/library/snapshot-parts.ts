// Gives snapshots CPython's `dump`, `load` and constructor, and error bars. The model itself knows no files
// and no statistics.
import { dumpSnapshot, loadSnapshot } from '../formats/files.ts'
import { snapshotFrom } from '../model/from-traces.ts'
import { Snapshot } from '../model/snapshot.ts'
import { errorBars } from '../statistics/estimation/error-bars.ts'

Snapshot.prototype.dump = function (path) {
  return dumpSnapshot(this, path)
}
Snapshot.load = path => loadSnapshot(path)
Snapshot.from = snapshotFrom
Snapshot.errorBars = (snapshot, grouper) => {
  let bars: ReturnType<typeof errorBars> | undefined
  return (id, size) => (bars ??= errorBars([snapshot], grouper))(id, size)
}
