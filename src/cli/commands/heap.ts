// `heap`: what a heap snapshot holds.
import { type Command, InvalidArgumentError } from 'commander'
import { UsageError } from '../../errors.ts'
import type { Heap } from '../../heap/summary.ts'
import { FORMATS, type Format } from '../../report/formats/index.ts'
import type { Report } from '../../report/report.ts'
import { formatOption, fromOption, maxSizeOption, oneOf, pickOption, wholeNumber } from '../options.ts'

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
  from?: string
  pick?: string
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
    .addOption(fromOption())
    .addOption(pickOption())
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

async function heap(path: string, options: HeapOptions): Promise<void> {
  const chosen = (['class', 'retainers', 'detached', 'duplicates', 'compare', 'base'] as const).filter(
    name => options[name] !== undefined,
  )
  if (chosen.length > 1) throw new UsageError(`--${chosen[0]} and --${chosen[1]} exclude each other`)
  if ((options.base === undefined) !== (options.target === undefined)) {
    throw new UsageError('--base and --target must be used together')
  }
  const { printReport } = await import('../output.ts')
  await printReport(await reportOf(path, options), options.format)
}

/** Opens what the options ask for, and reports it. */
async function reportOf(path: string, options: HeapOptions): Promise<Report> {
  const [open, reports, lists, { progress }] = await Promise.all([
    import('../../formats/open-heap.ts'),
    import('../../report/heap.ts'),
    import('../../heap/object-lists.ts'),
    import('../progress.ts'),
  ])
  const { limit, retainers, compare, base, target, class: className } = options
  const { maxMemory, maxSize, from, pick } = options
  await checkFrom(from, pick)
  const openOptions = { maxMemory, maxSize, pick, progress }
  if (compare !== undefined) {
    return reports.comparisonReport(await open.compareHeapFiles(path, compare, openOptions), limit)
  }
  if (base !== undefined && target !== undefined) {
    return reports.stayedReport(await open.stayedInFile(path, base, target, openOptions), limit)
  }
  const heap = await open.openHeap(path, openOptions)
  if (retainers !== undefined) {
    const { retainersOf } = await import('../../heap/retainers.ts')
    const object = retainersOf(heap, retainers, limit)
    if (!object) throw new UsageError(`no object @${retainers} in the snapshot`)
    return reports.retainersReport(object)
  }
  if (options.duplicates) return reports.duplicatesReport(lists.duplicateStrings(heap), limit)
  if (className === undefined && !options.detached) {
    const { classRows } = await import('../../heap/summary.ts')
    return reports.classesReport(classRows(heap), heap.total, limit)
  }
  const { nodeTexts } = await import('../../heap/labels.ts')
  const rows = className === undefined ? lists.detachedNodes(heap) : lists.objectsOfClass(heap, className)
  if (rows.length === 0 && className !== undefined) throw noClass(heap, className)
  return reports.objectsReport(rows, nodeTexts(heap), limit)
}

async function checkFrom(from: string | undefined, pick: string | undefined): Promise<void> {
  const { checkLoadOptions } = await import('../../formats/files.ts')
  checkLoadOptions({ from, pick })
  if (from !== undefined && from !== 'json' && from !== 'heapsnapshot') {
    throw new UsageError(`--from ${from}: heap reads heap snapshots`, { hint: 'tracemalloc top reads it' })
  }
}

function noClass(heap: Heap, name: string): UsageError {
  const like = heap.classes.names.find(n => n.toLowerCase().includes(name.toLowerCase()))
  return new UsageError(`no class '${name}' in the snapshot`, {
    hint: like === undefined ? '--limit 0 lists all classes' : `did you mean '${like}'?`,
  })
}
