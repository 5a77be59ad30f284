// The text shown for a node or an edge.
import { edgeTexts } from './distances.ts'
import type { HeapGraph } from './graph.ts'
import type { Heap } from './summary.ts'

/** Longest text of a concatenated string, as in DevTools. */
const LONGEST = 1024
/** Largest number of parts visited: in a broken file they may form cycles. */
const MOST_PARTS = 4096

/** The text of string nodes; that of a concatenated string is joined from its parts. */
export function stringTexts(graph: HeapGraph): (node: number) => string {
  const { header, type, name, strings, firstEdge, edgeType, edgeName, to } = graph
  const cons = header.nodeTypes.indexOf('concatenated string')
  const internal = header.edgeTypes.indexOf('internal')
  const part = (node: number, which: string): number => {
    for (let e = firstEdge[node]; e < firstEdge[node + 1]; e++) {
      if (edgeType[e] === internal && strings.get(edgeName[e]) === which) return to[e]
    }
    return 0
  }
  return node => {
    let text = ''
    const left = [node]
    for (let parts = 0; left.length > 0 && text.length < LONGEST && parts < MOST_PARTS; parts++) {
      const n = left.pop() as number
      if (type[n] !== cons) text += strings.get(name[n])
      else left.push(part(n, 'second'), part(n, 'first'))
    }
    return text
  }
}

/** What an object is called in a list: its class, or its own name or text. */
export function nodeTexts({ graph, classes }: Heap): (node: number) => string {
  const { header, type, name, strings } = graph
  const textOf = stringTexts(graph)
  return node => {
    const kind = header.nodeTypes[type[node]]
    if (kind === 'object' || kind === 'native') return classes.names[classes.classOf[node]]
    if (kind.endsWith('string')) return JSON.stringify(textOf(node).slice(0, 100))
    const own = strings.get(name[node])
    if (kind === 'closure') return `${own || '(anonymous)'}()`
    return own || classes.names[classes.classOf[node]]
  }
}

/** How an edge is written after its source: `.name`, `[3]`, `{elements}`, `->variable`. */
export function edgeLabels(graph: HeapGraph): (edge: number) => string {
  const text = edgeTexts(graph)
  return edge => {
    const name = text(edge)
    switch (graph.header.edgeTypes[graph.edgeType[edge]]) {
      case 'context':
        return `->${name}`
      case 'element':
        return `[${name}]`
      case 'weak':
        return `[[${name}]]`
      case 'property':
      case 'shortcut':
        return /^[^\s.[\]]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
      default:
        return `{${name}}`
    }
  }
}
