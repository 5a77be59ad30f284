// V8's heap snapshots (`.heapsnapshot`) as a format: what the fields mean, and the converter.
/*
 * V8's heap snapshots: https://chromium.googlesource.com/v8/v8/+/main/src/profiler/heap-snapshot-generator.cc
 * (HeapSnapshotJSONSerializer). One JSON object, its sections flat arrays of integers, read in one pass.
 *
 *   self_size            bytes of the object alone
 *   trace_node_id        number of a call in trace_tree, 0 = not traced
 *   line, column         1-based in trace_function_infos (0 = unknown), 0-based in locations: where the
 * function starts
 *   to_node, object_index, script_object_index   places in `nodes`, so the node's number times the fields of
 * a node
 *   name_or_index        a string's number; of an element or a hidden edge the index itself
 *
 * A row is a distinct (type, stack, domain): the objects themselves are left to src/heap. The stack comes
 * from the trace
 * where allocations were tracked. In files without, it is where the object's constructor is defined (a code
 * location).
 * Counts and sizes in trace_tree are of everything ever allocated, so live ones are added up from the nodes.
 * Nodes without a
 * size (roots, references) are no memory blocks.
 * Bytes of ArrayBuffers are nodes of their own, without a trace: they are credited to the ArrayBuffer that
 * owns them.
 * Node 20 and 22 break lines inside of the arrays; Chromium adds sections (scopes ...) and location fields;
 * `meta` names the fields.
 * Others (Julia, Hermes, Bun, files that were rewritten) leave out sections, have them in any order, have
 * ids of 64 bits, types that
 * the file does not list, and a node_count of 0.
 * Before V8 14 traces of live objects get lost in garbage collections.
 */

import { JsonTokens, TOKEN, type Token } from '../../src/bytes/json-tokens.ts'
import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Converter, ReadOptions } from '../converter.ts'

const FORMAT = 'heapsnapshot'
/** How the sections begin by which a file is recognised, whichever comes first. */
const SECTIONS: readonly (readonly [string, readonly Token[]])[] = [
  ['snapshot', [TOKEN.object]],
  ['nodes', [TOKEN.array, TOKEN.number]],
  ['edges', [TOKEN.array, TOKEN.number]],
  ['strings', [TOKEN.array, TOKEN.string]],
]
/** Members of WebKit's snapshots, which have nodes and edges as well. */
const WEBKIT = ['version', 'type', 'nodeClassNames', 'edgeTypes', 'edgeNames']

function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  const tokens = new JsonTokens(FORMAT)
  try {
    tokens.push(head)
    if (head.length === 0) return 'no'
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more) return 'more'
      if (tokens.depth === 0 || (tokens.depth === 1 && token === TOKEN.array)) return 'no'
      if (token !== TOKEN.key || tokens.depth !== 1) continue
      if (WEBKIT.some(name => tokens.is(name))) return 'no'
      const section = SECTIONS.find(([name]) => tokens.is(name))
      if (section) return opens(tokens, section[1])
    }
  } catch (error) {
    if (error instanceof FormatError) return 'no'
    throw error
  }
}

/** Are the next tokens these? */
function opens(tokens: JsonTokens, expected: readonly Token[]): 'yes' | 'no' | 'more' {
  for (const wanted of expected) {
    const token = tokens.next()
    if (token === TOKEN.more) return 'more'
    if (token !== wanted) return 'no'
  }
  return 'yes'
}

async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  const [{ readMembers }, { SnapshotReader }] = await Promise.all([
    import('../../src/heapsnapshot/sections.ts'),
    import('./reader.ts'),
  ])
  const reader = new SnapshotReader(options)
  await readMembers(source, FORMAT, (name, isLast) => reader.member(name, isLast))
  try {
    return [reader.snapshot()]
  } catch (error) {
    if (!(error instanceof FormatError) || error.format) throw error
    throw new FormatError(error.code, error.reason, { format: FORMAT, path: error.path })
  }
}

export const heapsnapshot: Converter = {
  name: FORMAT,
  title: 'V8 heap snapshot',
  extensions: ['.heapsnapshot', '.heaptimeline'],
  spec: 'https://chromium.googlesource.com/v8/v8/+/main/src/profiler/heap-snapshot-generator.cc',
  carries: ['count', 'lineno', 'column', 'function', 'domain', 'type'],
  truncation: 'always',
  holds: ['heap strings', 'source text'],
  sniff,
  read,
}
