// Gives snapshots CPython's `dump`, `load` and constructor. The model itself knows no files.
import { dumpSnapshot, loadSnapshot } from '../formats/files.ts'
import { snapshotFrom } from '../model/from-traces.ts'
import { Snapshot } from '../model/snapshot.ts'

Snapshot.prototype.dump = function (path) {
  return dumpSnapshot(this, path)
}
Snapshot.load = path => loadSnapshot(path)
Snapshot.from = snapshotFrom
