import { totalmem } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import { FormatError, UsageError } from '../../errors.ts'
import type { Heap } from '../../heap/summary.ts'
import { FORMATS, type Format } from '../../report/formats/index.ts'
import type { Report } from '../../report/report.ts'
import { formatSize } from '../../text/units.ts'
import { formatOption, maxSizeOption, oneOf, wholeNumber } from '../options.ts'

interface HeapOptions {
  class?: string
  retainers?: number
  detached?: boolean
  duplicates?: 'strings'
  compare?: string
  base?: string
  target?: string
  limit: number
  format?: Format
  maxMemory?: number
  maxSize?: number
}

const EXAMPLE = `
Example: tracemalloc heap app.heapsnapshot --class Session
         tracemalloc heap new.heapsnapshot --compare old.heapsnapshot
         tracemalloc heap 3.heapsnapshot --base 1.heapsnapshot \\
           --target 2.heapsnapshot`

export function register(program: Command): void {
  program
    .command('heap')
    .description('analyse a heap snapshot as Chrome DevTools does: classes, retained sizes, retainers')
    .argument('<snapshot>', 'a .heapsnapshot file; - reads standard input')
    .option('--class <name>', 'list the objects of a class')
    .option('--retainers <@id>', 'show the shortest paths that keep an object alive', objectId)
    .option('--detached', 'list DOM nodes that were removed from their document')
    .option('--duplicates <what>', 'list strings with equal text', oneOf(['strings'] as const))
    .option('--compare <old>', 'show what was added and removed since an older snapshot, by class')
    .option('--base <first>', 'with --target: list objects created between the two and still in <snapshot>')
    .option('--target <second>', 'see --base')
    .option('--limit <n>', 'rows to show; 0 = all', wholeNumber(0), 10)
    .addOption(formatOption(FORMATS))
    .option(
      '--max-memory <MiB>',
      'refuse files that need more memory (default: 90 % of what is available)',
      mebibytes,
    )
    .addOption(maxSizeOption())
    .addHelpText('after', EXAMPLE)
    .action(heap)
}

function objectId(text: string): number {
  const id = /^@?(\d{1,10})$/.exec(text)?.[1]
  if (id === undefined) throw new InvalidArgumentError('Expected the id of an object, such as @12345.')
  return Number(id)
}

function mebibytes(text: string): number {
  return wholeNumber(1)(text) * 2 ** 20
}

/** Bytes that this process may have; the machine's where Node does not know. */
function availableMemory(): number {
  const { availableMemory: known } = process as unknown as { availableMemory?: () => number }
  return known?.call(process) || totalmem()
}

async function heap(path: string, options: HeapOptions): Promise<void> {
  const chosen = (['class', 'retainers', 'detached', 'duplicates', 'compare', 'base'] as const).filter(
    name => options[name] !== undefined,
  )
  if (chosen.length > 1) throw new UsageError(`--${chosen[0]} and --${chosen[1]} exclude each other`)
  if ((options.base === undefined) !== (options.target === undefined)) {
    throw new UsageError('--base and --target belong together')
  }
  const { printReport } = await import('../output.ts')
  const report =
    options.retainers === undefined
      ? await listOf(path, options)
      : await retainersOf(path, options, options.retainers)
  await printReport(report, options.format)
}

async function listOf(path: string, options: HeapOptions): Promise<Report> {
  const reports = await import('../../report/heap.ts')
  if (options.compare !== undefined) {
    return reports.comparisonReport(await compared(path, options.compare, options), options.limit)
  }
  if (options.base !== undefined && options.target !== undefined) {
    const rows = await stayedRows(path, options.base, options.target, options)
    return reports.stayedReport(rows, options.limit)
  }
  const heap = await readHeap(path, options)
  const lists = await import('../../heap/object-lists.ts')
  if (options.duplicates) return reports.duplicatesReport(lists.duplicateStrings(heap), options.limit)
  if (options.class === undefined && !options.detached) {
    const { classRows } = await import('../../heap/summary.ts')
    return reports.classesReport(classRows(heap), heap.total, options.limit)
  }
  const { nodeTexts } = await import('../../heap/labels.ts')
  const rows =
    options.class === undefined ? lists.detachedNodes(heap) : lists.objectsOfClass(heap, options.class)
  if (rows.length === 0 && options.class !== undefined) throw noClass(heap, options.class)
  return reports.objectsReport(rows, nodeTexts(heap), options.limit)
}

function noClass(heap: Heap, name: string): UsageError {
  const like = heap.classes.names.find(n => n.toLowerCase().includes(name.toLowerCase()))
  return new UsageError(`there is no class '${name}' in the snapshot`, {
    hint: like === undefined ? '--limit 0 lists all classes' : `did you mean '${like}'?`,
  })
}

/** Reads a graph, if it is not too large. */
async function readGraphOf(path: string, edgeNames: boolean, options: HeapOptions) {
  const [{ readFileAs, converterNamed }, { memoryNeeded, readGraph }, { progress }, { inFile }] =
    await Promise.all([
      import('../../formats/files.ts'),
      import('../../heap/graph.ts'),
      import('../progress.ts'),
      import('../input.ts'),
    ])
  const bar = progress(path)
  const most = options.maxMemory ?? 0.9 * availableMemory()
  const graphOptions = {
    edgeNames,
    admit: (header: Parameters<typeof memoryNeeded>[0]) => {
      const needed = memoryNeeded(header, { edgeNames })
      if (needed <= most) return
      throw new FormatError(
        'too-large',
        `it needs about ${formatSize(needed)} of memory, ${formatSize(most)} may be used`,
        {
          format: 'heapsnapshot',
          hint: `top --group-by type needs 70 MiB for a file of any size, or raise --max-memory`,
        },
      )
    },
  }
  try {
    const load = { maxSize: options.maxSize, onBytes: bar.add }
    const work = readFileAs(path, converterNamed('heapsnapshot'), load, source =>
      readGraph(source, graphOptions),
    )
    return await inFile(path, work)
  } finally {
    bar.stop()
  }
}

async function readHeap(path: string, options: HeapOptions): Promise<Heap> {
  const [{ analyse }, { inFile }] = await Promise.all([
    import('../../heap/summary.ts'),
    import('../input.ts'),
  ])
  const graph = await readGraphOf(path, true, options)
  return inFile(path, (async () => analyse(graph))())
}

async function compared(path: string, old: string, options: HeapOptions) {
  const { census, compareHeaps } = await import('../../heap/compare.ts')
  const now = census(await readGraphOf(path, false, options))
  const before = census(await readGraphOf(old, false, options), now.interfaces)
  return compareHeaps(now, before)
}

async function stayedRows(path: string, base: string, target: string, options: HeapOptions) {
  const [{ readIds, survivingObjects, traceTexts }, { readFileAs, converterNamed }, { inFile }] =
    await Promise.all([
      import('../../heap/three-snapshots.ts'),
      import('../../formats/files.ts'),
      import('../input.ts'),
    ])
  const { maxSize } = options
  const idsOf = (file: string) =>
    inFile(file, readFileAs(file, converterNamed('heapsnapshot'), { maxSize }, readIds))
  const [before, between] = [await idsOf(base), await idsOf(target)]
  const heap = await readHeap(path, options)
  const tracebackOf = traceTexts(heap)
  return survivingObjects(heap, before, between).map(row => ({
    ...row,
    ...(row.trace > 0 && { traceback: tracebackOf(row.trace) }),
  }))
}

async function retainersOf(path: string, options: HeapOptions, id: number): Promise<Report> {
  const [{ retainersReport }, { RetainingPaths }, { edgeLabels, nodeTexts }] = await Promise.all([
    import('../../report/heap.ts'),
    import('../../heap/retainers.ts'),
    import('../../heap/labels.ts'),
  ])
  const heap = await readHeap(path, options)
  const { graph, distance, dominators } = heap
  const node = graph.id.subarray(0, graph.nodeCount).indexOf(id)
  if (node < 0) throw new UsageError(`there is no object @${id} in the snapshot`)
  const label = edgeLabels(graph)
  const text = nodeTexts(heap)
  const paths = new RetainingPaths(heap).shortest(node, options.limit).map(way =>
    way.map(step => ({
      edge: label(step.edge),
      name: text(step.node),
      id: graph.id[step.node],
      distance: distance[step.node],
    })),
  )
  const sizes = { shallow: graph.size[node], retained: dominators.retained[node] }
  return retainersReport({ id, name: text(node), ...sizes, paths })
}
