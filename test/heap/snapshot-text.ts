/** A node of a made heap: its type, name, size, and edges as [type, name or index, number of the target]. */
export interface MadeNode {
  type: string
  name: string
  size: number
  id?: number
  edges?: readonly (readonly [string, string | number, number])[]
}

const NODE_TYPES = ['hidden', 'array', 'string', 'object', 'code', 'closure', 'native', 'synthetic']
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak']

/** The text of a `.heapsnapshot` with these nodes; the first is the root. */
export function snapshotText(nodes: readonly MadeNode[]): string {
  const strings = ['<dummy>']
  const index = (text: string) => {
    const at = strings.indexOf(text)
    return at >= 0 ? at : strings.push(text) - 1
  }
  const rows = nodes.map((n, i) => [
    NODE_TYPES.indexOf(n.type),
    index(n.name),
    n.id ?? 2 * i + 1,
    n.size,
    n.edges?.length ?? 0,
  ])
  const edges = nodes.flatMap(n =>
    (n.edges ?? []).map(([type, name, to]) => [
      EDGE_TYPES.indexOf(type),
      typeof name === 'number' ? name : index(name),
      to * 5,
    ]),
  )
  const meta = {
    node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
    node_types: [NODE_TYPES, 'string', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
  }
  const snapshot = { meta, node_count: rows.length, edge_count: edges.length, trace_function_count: 0 }
  return JSON.stringify({ snapshot, nodes: rows.flat(), edges: edges.flat(), strings })
}
