// Chrome DevTools' own loader over heap snapshots; prints what it finds as JSON. Bundled by devtools.ts.
// summary FILE | diff NEW OLD | classes FILE
import { createReadStream } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'
import { SecondaryInitManager } from 'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshot.ts'
import { HeapSnapshotLoader } from 'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshotLoader.ts'

console.warn = () => {} // what DevTools thinks of unreachable nodes

async function load(path) {
  const loader = new HeapSnapshotLoader({ sendEvent() {} })
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    loader.write(chunk)
  }
  loader.close()
  const { port1, port2 } = new MessageChannel()
  new SecondaryInitManager(port2)
  const snapshot = await loader.buildSnapshot(port1)
  port1.close()
  return snapshot
}

const classRow = ([key, a]) => ({
  key,
  name: a.name,
  count: a.count,
  shallow: a.self,
  retained: a.maxRet,
  distance: a.distance,
})

/** A class key without its code location: `57,3,4,Name` or `,Name`. */
const nameOf = key => (key.startsWith(',') ? key.slice(1) : key.replace(/^\d+,\d+,\d+,/, ''))

async function summary(path) {
  const s = await load(path)
  const shallow = i => s.nodes.getValue(i * s.nodeFieldCount + s.nodeSelfSizeOffset)
  return {
    total: s.totalSize,
    rows: Object.entries(s.getAggregatesByClassKey(true, 'allObjects')).map(classRow),
    shallow: Array.from({ length: s.nodeCount }, (_, i) => shallow(i)),
    retained: Array.from(s.retainedSizes),
    distance: Array.from(s.nodeDistances),
    dominator: Array.from(s.dominatorsTree),
    detachedness: Array.from({ length: s.nodeCount }, (_, i) =>
      s.createNode(i * s.nodeFieldCount).detachedness(),
    ),
    duplicates: s.getDuplicateStrings().map(g => ({
      value: g.value,
      count: g.count,
      shallow: g.totalSelfSize,
      retained: g.totalRetainedSize,
    })),
  }
}

async function classes(path) {
  const s = await load(path)
  return {
    total: s.totalSize,
    rows: Object.entries(s.getAggregatesByClassKey(true, 'allObjects')).map(classRow),
  }
}

async function diff(now, old) {
  const snapshot = await load(now)
  const base = (await load(old)).aggregatesForDiff(snapshot.interfaceDefinitions())
  return {
    rows: Object.entries(snapshot.calculateSnapshotDiff(1, base)).map(([key, d]) => ({
      name: nameOf(key),
      added: d.addedCount,
      removed: d.removedCount,
      addedSize: d.addedSize,
      removedSize: d.removedSize,
      countDelta: d.countDelta,
      sizeDelta: d.sizeDelta,
    })),
  }
}

const [what, ...files] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await { summary, classes, diff }[what](...files)))
