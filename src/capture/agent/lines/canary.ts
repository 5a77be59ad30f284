// Tries whether V8 shows helpers in this process, which its flags may prevent.
import { runInThisContext } from 'node:vm'
import { localSession } from '../../../inspector/session.ts'
import { siteOfHelper } from '../../../lines/helper-name.ts'
import { rewrite } from '../../../lines/rewrite.ts'

const PROGRAM = 'function fill(kept, n) { for (let i = 0; i < n; i++) kept[i & 255] = { i } }; fill'
/** Often enough for V8 to compile, and to inline, what it can. */
const [ROUNDS, COUNT] = [5, 200_000]
const INTERVAL = 16_384
/** Least share of the bytes in helpers: the first objects come before any compilation, so all should be. */
const LEAST = 0.9

interface Node {
  callFrame: { functionName: string }
  selfSize: number
  children: Node[]
}

/** Why lines cannot be measured here; undefined if they can. */
export function whyNoLines(padding: number | undefined): string | undefined {
  const rewritten = rewrite(PROGRAM, { sourceType: 'script', padding })
  if (!('text' in rewritten)) return rewritten.reason
  const fill = runInThisContext(rewritten.text) as (kept: object[], n: number) => void
  const session = localSession()
  try {
    session.postNow('HeapProfiler.startSampling', {
      samplingInterval: INTERVAL,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    const kept: object[] = []
    for (let round = 0; round < ROUNDS; round++) fill(kept, COUNT)
    const { profile } = session.postNow<{ profile: { head: Node } }>('HeapProfiler.stopSampling')
    const bytes = { helpers: 0, inlined: 0 }
    addNode(profile.head, bytes)
    const isShown = bytes.helpers > 0 && bytes.helpers >= LEAST * (bytes.helpers + bytes.inlined)
    return isShown ? undefined : 'V8 inlines helpers here'
  } finally {
    void session.close()
  }
}

function addNode({ callFrame, selfSize, children }: Node, bytes: { helpers: number; inlined: number }): void {
  if (siteOfHelper(callFrame.functionName)) bytes.helpers += selfSize
  else if (callFrame.functionName === 'fill') bytes.inlined += selfSize
  for (const child of children) addNode(child, bytes)
}
