/*
 * V8's heap snapshots: https://chromium.googlesource.com/v8/v8/+/main/src/profiler/heap-snapshot-generator.cc
 * (HeapSnapshotJSONSerializer). One JSON object, its sections flat arrays of integers, read in one pass.
 *
 *   self_size            bytes of the object alone
 *   trace_node_id        number of a call in trace_tree, 0 = not traced
 *   line, column         1-based in trace_function_infos (0 = unknown), 0-based in locations: where the function starts
 *   to_node, object_index, script_object_index   places in `nodes`, so the node's number times the fields of a node
 *   name_or_index        a string's number; of an element or a hidden edge the index itself
 *
 * A row is a distinct (type, stack, domain): the objects themselves are left to src/heap. The stack comes from the trace
 * where allocations were tracked. In files without, it is where the object's constructor is defined (a code location).
 * Counts and sizes in trace_tree are of everything ever allocated, so live ones are added up from the nodes. Nodes without a
 * size (roots, references) are no memory blocks.
 * Bytes of ArrayBuffers are nodes of their own, without a trace: they are credited to the ArrayBuffer that owns them.
 * Node 20 and 22 break lines inside of the arrays; Chromium adds sections (scopes ...) and location fields; fields go by `meta`.
 * Before V8 14 traces of live objects get lost in garbage collections.
 */

import type { Source } from '../../src/bytes/source.ts'
import { FormatError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { Converter, ReadOptions } from '../converter.ts'

const FORMAT = 'heapsnapshot'
const BEGINNING = '{"snapshot":{'

function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  let matched = 0
  for (const c of head) {
    if (c === 32 || (c >= 9 && c <= 13)) continue
    if (c !== BEGINNING.charCodeAt(matched)) return 'no'
    if (++matched === BEGINNING.length) return 'yes'
  }
  return head.length === 0 ? 'no' : 'more'
}

async function read(source: Source, options: ReadOptions): Promise<readonly Snapshot[]> {
  const [{ readMembers }, { SnapshotReader }] = await Promise.all([
    import('../../src/heapsnapshot/sections.ts'),
    import('./reader.ts'),
  ])
  const reader = new SnapshotReader(options)
  await readMembers(source, FORMAT, name => reader.member(name))
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
