// Writes speedscope's own format.
import { UNKNOWN } from '../../src/model/frame-text.ts'
import { metaJson } from '../../src/model/meta-json.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { Tables } from '../../src/model/tables/tables.ts'
import { jsonText } from '../../src/text/escape.ts'
import { merged } from '../../src/transform/merge.ts'
import { ANONYMOUS, SCHEMA } from './names.ts'

export function* write(snapshots: readonly Snapshot[]): Iterable<string> {
  const parts = snapshots.flatMap(bySign).map(snapshot => merged(snapshot))
  const tables = new Tables() // one list of frames for all
  const shared = parts.map(part => part.over(tables))
  yield `{"$schema":"${SCHEMA}","exporter":"tracemalloc","name":${jsonText(parts[0]?.meta.name ?? 'memory')}`
  yield `,"activeProfileIndex":0,"tracemalloc":${jsonText(parts.map(metaJson))},"shared":{"frames":[`
  for (let i = 0; i < tables.frames.length; i++) yield `${i ? ',' : ''}${frameJson(tables, i)}`
  yield ']},"profiles":['
  let separator = ''
  for (const { columns, meta } of shared) {
    const name = (what: string) => `${meta.measure} ${what}${meta.name ? `: ${meta.name}` : ''}`
    yield separator
    yield* profileJson(name('bytes'), 'bytes', tables, columns.stack, columns.size)
    separator = ','
    if (columns.count.some(Number.isNaN)) continue
    yield separator
    yield* profileJson(name('blocks'), 'none', tables, columns.stack, columns.count)
  }
  yield ']}'
}

/** A difference as two snapshots without negative numbers: what grew, what shrank. */
function bySign(snapshot: Snapshot): Snapshot[] {
  const { size, count } = snapshot.columns
  if (!size.some(bytes => bytes < 0) && !count.some(blocks => blocks < 0)) return [snapshot]
  return ([1, -1] as const).map(sign =>
    snapshot.with({
      columns: {
        size: size.map(bytes => Math.max(0, sign * bytes)),
        count: count.map(blocks => Math.max(0, sign * blocks)),
      },
      meta: { name: sign > 0 ? 'grown' : 'shrunk' },
    }),
  )
}

function frameJson({ frames }: Tables, id: number): string {
  const { functionName, filename, lineno, column } = frames.get(id)
  return jsonText({
    name: functionName || ANONYMOUS,
    ...(filename !== UNKNOWN && { file: filename }),
    ...(lineno !== 0 && { line: lineno }),
    ...(column !== 0 && { col: column }),
  })
}

function* profileJson(
  name: string,
  unit: string,
  { stacks }: Tables,
  stack: Uint32Array,
  weights: Float64Array,
): Iterable<string> {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  yield `{"type":"sampled","name":${jsonText(name)},"unit":"${unit}","startValue":0,"endValue":${total},"samples":[`
  for (let i = 0; i < stack.length; i++) yield `${i ? ',' : ''}[${stacks.framesOf(stack[i]).join()}]`
  yield `],"weights":[${weights.join()}]}`
}
