// V8's heap profiles as the protocol describes them, and the naive way to read one: the tests' own.
import { fileURLToPath } from 'node:url'

export interface Node {
  callFrame: {
    functionName: string
    scriptId: string | number
    url: string
    lineNumber: number
    columnNumber: number
  }
  selfSize: number
  id: number
  children: Node[]
}
export interface Sample {
  size: number
  nodeId: number
  ordinal: number
}
export interface Profile {
  head: Node
  samples: Sample[]
}

/** The naive reading: each node's own frame with its bytes and samples, and the same by whole stack. */
export function naive({ head, samples }: Profile): {
  byFrame: Map<string, number>
  byStack: Map<string, number[]>
  total: number
} {
  const byFrame = new Map<string, number>()
  const byStack = new Map<string, number[]>()
  let total = 0
  const open: { node: Node; stack: string[] }[] = [{ node: head, stack: [] }]
  for (let place = open.pop(); place; place = open.pop()) {
    const { node, stack } = place
    if (node.selfSize > 0) {
      total += node.selfSize
      const frame = stack.at(-1) ?? 'none'
      byFrame.set(frame, (byFrame.get(frame) ?? 0) + node.selfSize)
      const [size, count] = byStack.get(stack.join('\n')) ?? [0, 0]
      byStack.set(stack.join('\n'), [
        size + node.selfSize,
        count + samples.filter(s => s.nodeId === node.id).length,
      ])
    }
    for (const child of node.children) {
      open.push({ node: child, stack: [...stack, naiveFrame(child.callFrame, node === head)] })
    }
  }
  for (const row of byStack.values()) row[1] = row[1] || Number.NaN // no samples, no number
  return { byFrame, byStack, total }
}

function naiveFrame(
  { functionName, scriptId, url, lineNumber, columnNumber }: Node['callFrame'],
  below: boolean,
): string {
  let file = url
  if (url.startsWith('file:')) file = fileURLToPath(url)
  else if (url === '' && Number(scriptId) === 0)
    file = below && /^\(.+\)$/.test(functionName) ? '<v8>' : '<native>'
  else if (url === '') file = lineNumber === -1 ? `<collected:${scriptId}>` : `<eval:${scriptId}>`
  return JSON.stringify([file, lineNumber + 1, columnNumber + 1, functionName])
}
