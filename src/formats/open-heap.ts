// Opens .heapsnapshot files as heaps: reads, checks that memory is enough, and analyses.
import { FormatError, inFile } from '../errors.ts'
import { type ClassDiff, census, compareHeaps } from '../heap/compare.ts'
import { type HeapGraph, memoryNeeded, readGraph } from '../heap/graph.ts'
import { analyse, type Heap } from '../heap/summary.ts'
import { readIds, type SurvivorRow, survivingObjects, traceTexts } from '../heap/three-snapshots.ts'
import { formatSize } from '../text/units.ts'
import { converterNamed, type LoadOptions, readFileAs } from './files.ts'
import { availableMemory } from './memory.ts'

export interface OpenHeapOptions {
  /** Most bytes of memory to use; nine tenths of what is available unless given. */
  readonly maxMemory?: number
  /** Most bytes of a file, inflated. */
  readonly maxSize?: number
  /** Path of the snapshot in a JSON document. */
  readonly pick?: string
  /** Shows how far a file is read. */
  progress?(path: string): { add(bytes: number): void; stop(): void }
}

/**
 * A heap with classes, distances and retained sizes; `-` is standard input. Throws FormatError with the path.
 */
export async function openHeap(path: string, options: OpenHeapOptions = {}): Promise<Heap> {
  const graph = await openGraph(path, true, options)
  return inFile(path, (async () => analyse(graph))())
}

/** What came and went by class since an older snapshot. One graph is in memory at a time. */
export async function compareHeapFiles(
  path: string,
  old: string,
  options: OpenHeapOptions = {},
): Promise<ClassDiff[]> {
  const now = census(await openGraph(path, false, options))
  return compareHeaps(now, census(await openGraph(old, false, options), now.interfaces))
}

/** A row of what stayed, with the traceback of its example where the file has one. */
export type TracedRow = SurvivorRow & { readonly traceback?: readonly string[] }

/** Objects that were made between `base` and `target` and are still in `path`, by retainer path. */
export async function stayedInFile(
  path: string,
  base: string,
  target: string,
  options: OpenHeapOptions = {},
): Promise<TracedRow[]> {
  const before = await readAs(base, options, readIds)
  const between = await readAs(target, options, readIds)
  const heap = await openHeap(path, options)
  const tracebackOf = traceTexts(heap)
  return survivingObjects(heap, before, between).map(row => ({
    ...row,
    ...(row.trace > 0 && { traceback: tracebackOf(row.trace) }),
  }))
}

/** Reads a graph, if it is not too large. */
function openGraph(path: string, edgeNames: boolean, options: OpenHeapOptions): Promise<HeapGraph> {
  const most = options.maxMemory ?? 0.9 * availableMemory()
  const admit = (header: Parameters<typeof memoryNeeded>[0]) => {
    const needed = memoryNeeded(header, { edgeNames })
    if (needed <= most) return
    throw new FormatError(
      'too-large',
      `it needs about ${formatSize(needed)} of memory, ${formatSize(most)} may be used`,
      {
        format: 'heapsnapshot',
        hint: 'raise --max-memory, or use top --group-by type, which needs 70 MiB for any file',
      },
    )
  }
  return readAs(path, options, source => readGraph(source, { edgeNames, admit }))
}

async function readAs<T>(
  path: string,
  { maxSize, pick, progress }: OpenHeapOptions,
  read: Parameters<typeof readFileAs<T>>[3],
): Promise<T> {
  const bar = progress?.(path)
  const load: Pick<LoadOptions, 'maxSize' | 'onBytes' | 'pick'> = { maxSize, pick, onBytes: bar?.add }
  try {
    return await inFile(path, readFileAs(path, converterNamed('heapsnapshot'), load, read))
  } finally {
    bar?.stop()
  }
}
