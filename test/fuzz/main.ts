// Reads mutations of every sample of every format: npm run fuzz -- [--count N] [--seconds S] [--seed N] [--format NAME]
// Exit status 1 when an input made anything but snapshots or a FormatError, hung, or took over 10 times the time or twice
// the memory of the honest file. Inputs at fault are written to the folder that is named.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'
import { converters } from '../../converters/index.ts'
import { type Batch, type BatchResult, type Fault, runBatch, type Sample } from './batch.ts'
import { Random } from './random.ts'

/** An input that takes longer hangs, milliseconds. */
const HANG = 20_000
/** Bytes that a batch reads in all, so that small samples get most of the inputs. */
const BATCH_BYTES = 5e6
const MOST_INPUTS = 8000

if (isMainThread) await main()
else {
  const samples = workerData as Sample[]
  parentPort?.on('message', async (batch: Batch) => parentPort?.postMessage(await runBatch(samples, batch)))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      format: { type: 'string' },
    },
  })
  const count = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count)
  const end =
    values.count === undefined ? Date.now() + Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY
  const samples = readSamples()
  const chosen = [...samples.keys()].filter(i => !values.format || samples[i].format === values.format)
  const random = new Random(Number(values.seed))
  const total: Totals = { inputs: 0, refused: 0, accepted: 0, faults: 0, slowest: 0, memory: 0 }
  let left: number[] = []
  while (total.inputs < count && Date.now() < end) {
    if (left.length === 0) left = [...chosen] // each sample once, in any order, then all again
    const [sample] = left.splice(random.below(left.length), 1)
    const least = Math.ceil(BATCH_BYTES / samples[sample].bytes.length)
    const inputs = Math.min(MOST_INPUTS, least, count - total.inputs)
    const seed = random.below(2 ** 32)
    const name = `${samples[sample].name} seed ${seed}`
    add(total, await watched(samples, { sample, seed, count: inputs, progress: shared() }), inputs, name)
    if (left.length === 0) console.log(line(total))
  }
  console.log(line(total))
  await worker?.terminate()
  if (total.faults > 0) process.exitCode = 1
}

interface Totals {
  inputs: number
  refused: number
  accepted: number
  faults: number
  slowest: number
  memory: number
}

function line({ inputs, refused, accepted, faults, slowest, memory }: Totals): string {
  return (
    `${inputs} inputs: ${refused} refused, ${accepted} read, ${faults} at fault; ` +
    `slowest ${(slowest * 100).toFixed(0)} % of what is allowed, memory ${memory.toFixed(2)} times the honest file's`
  )
}

function shared(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4))
}

let folder: string | undefined

function add(total: Totals, result: BatchResult, inputs: number, name: string): void {
  total.inputs += inputs
  total.refused += result.refused
  total.accepted += result.accepted
  total.faults += result.faults.length
  total.slowest = Math.max(total.slowest, result.slowest)
  total.memory = Math.max(total.memory, result.memory)
  for (const fault of result.faults.slice(0, 3)) {
    folder ??= mkdtempSync(join(tmpdir(), 'tracemalloc-fuzz-'))
    const path = join(folder, `${name.replace(/[^\w.]+/g, '-')}-${fault.index}`)
    writeFileSync(path, fault.input)
    console.log(`${fault.kind}: ${name}, input ${fault.index} (${path})\n  ${fault.what}`)
  }
}

/** The worker that runs batches; another one after an input that it hung at. */
let worker: Worker | undefined

/** Runs a batch in the worker; one that hangs or runs out of memory is a fault of the input it was at. */
function watched(samples: readonly Sample[], batch: Batch): Promise<BatchResult> {
  worker ??= new Worker(new URL(import.meta.url), {
    workerData: samples,
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  })
  const running = worker
  return new Promise(resolve => {
    let last = -1
    let since = Date.now()
    const end = (result: BatchResult) => {
      clearInterval(timer)
      running.off('message', end).off('error', failed)
      resolve(result)
    }
    const failed = (error: Error) => lost('memory', error.stack ?? String(error))
    const lost = (kind: Fault['kind'], what: string) => {
      worker = undefined
      const fault: Fault = { kind, index: last - 1, what, input: new Uint8Array(0) }
      end({ refused: 0, accepted: 0, faults: [fault], slowest: 0, memory: 0 })
    }
    const timer = setInterval(() => {
      const now = Atomics.load(batch.progress, 0)
      if (now !== last) {
        last = now
        since = Date.now()
      } else if (Date.now() - since > HANG) void running.terminate().then(() => lost('slow', 'hangs'))
    }, 500)
    running.on('message', end).on('error', failed)
    running.postMessage(batch)
  })
}

/** Every sample of every format, inflated. */
function readSamples(): Sample[] {
  return converters.flatMap(({ name: format, read }) => {
    const path = join('samples', format)
    if (!read || !existsSync(path)) return []
    const files = readdirSync(path, { withFileTypes: true }).filter(
      file => file.isFile() && !file.name.endsWith('expected.txt') && !file.name.startsWith('.'),
    )
    return files.map(file => {
      const raw = readFileSync(join(path, file.name))
      const isGzip = raw[0] === 0x1f && raw[1] === 0x8b
      return {
        name: `${format}/${file.name}`,
        format,
        bytes: Uint8Array.from(isGzip ? gunzipSync(raw) : raw),
      }
    })
  })
}
