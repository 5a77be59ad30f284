// Keeps 20,000 of everything. To be bundled and minified, then run with `node --heap-prof`.
import loadPages, { buildIndex, makeCells, RowStore } from './store.ts'

const kept: unknown[] = []

function runOnce(count: number): void {
  const store = RowStore.createStore()
  store.fill(count)
  kept.push(store, buildIndex(count), makeCells(count))
}

runOnce(20_000)
void loadPages(20_000).then(pages => {
  kept.push(pages)
  Object.assign(globalThis, { kept, runOnce }) // a script without a living function loses its name
})
