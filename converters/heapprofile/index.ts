// V8's sampling heap profile: what `node --heap-prof`, the protocol's HeapProfiler.stopSampling, Chrome
// DevTools and v8.startHeapProfile() give.
//
//   in the file                                     here
//   head, "(root)"                                  no frame; its selfSize is a row of the empty stack
//   a node with selfSize > 0                        a row; nodes of equal stacks are one row
//   selfSize                                        size: bytes, scaled up by V8; their sum is the snapshot's
// total, exactly
//   samples of the node                             count (estimated), at least 1
//   samples[] size, nodeId, ordinal                 samples, on the row of the node
//   lineNumber, columnNumber: 0-based, < 0 unknown  lineno, column: 1-based, 0 unknown; where the FUNCTION
// starts (not exact)
//   url file:///a%20b                               /a b
//   any other url                                   unchanged (node:fs, http://..., wasm://...,
// evalmachine.<anonymous>)
//   no url, no script                               <native>: a built-in such as push
//   the same, "(name)" directly below the root      <v8>: V8's own work such as (GC)
//   no url, script 7, a line                        <eval:7>
//   no url, script 7, no line                       <collected:7>: V8 has dropped the script, and with it the
// name
//
// Producers: --heap-prof and the protocol write head before samples and scriptId as a string;
// v8.startHeapProfile() of Node 26 writes samples first, scriptId as a number and other orders of members.
// None writes the sampling interval. The sizes of samples do not add up to selfSize: V8 rounds each on its
// own. Node 10, Chrome 69 and older wrote no ids and no samples, and the first nodes no callFrame: its
// members, with 1-based lines and columns, lie in the node. A profile inside the protocol's answer
// (`{"id":3,"result":{"profile":{...}}}`) is read with a note.

import { JsonTokens, TOKEN, type Token } from '../../src/bytes/json-tokens.ts'
import { FormatError } from '../../src/errors.ts'
import type { Converter } from '../converter.ts'
import { WRAPPERS } from './wrappers.ts'

const NODE_KEYS = ['callFrame', 'selfSize', 'id', 'children']
const SAMPLE_KEYS = ['size', 'nodeId', 'ordinal']

/** Yes for a first known key `head` or `samples` whose value begins as theirs do. */
function sniff(head: Uint8Array): 'yes' | 'no' | 'more' {
  const tokens = new JsonTokens('heapprofile')
  try {
    tokens.push(head)
    const first = tokens.next()
    if (first !== TOKEN.object) return first === TOKEN.more ? 'more' : 'no'
    let depth = 1 // of the keys that the profile's own may be among
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more) return 'more'
      depth = Math.min(depth, tokens.depth)
      if (token !== TOKEN.key || tokens.depth !== depth) continue
      if (WRAPPERS.some(key => tokens.is(key))) {
        const value = tokens.next()
        if (value === TOKEN.more) return 'more'
        if (value === TOKEN.object) depth = tokens.depth
      } else if (tokens.is('head')) return beginsWith(tokens, [TOKEN.object], NODE_KEYS) ?? 'no'
      else if (tokens.is('samples')) {
        const verdict = beginsWith(tokens, [TOKEN.array, TOKEN.object], SAMPLE_KEYS)
        if (verdict) return verdict // an empty list says nothing
      }
    }
  } catch (error) {
    if (error instanceof FormatError) return 'no'
    throw error
  }
}

/**
 * Do the next values open like this, and does the innermost object have one of the keys? Undefined: the list
 * is empty.
 */
function beginsWith(
  tokens: JsonTokens,
  opening: readonly Token[],
  keys: readonly string[],
): 'yes' | 'no' | 'more' | undefined {
  for (const expected of opening) {
    const token = tokens.next()
    if (token === TOKEN.more) return 'more'
    if (token === TOKEN.arrayEnd) return undefined
    if (token !== expected) return 'no'
  }
  const { depth } = tokens
  for (;;) {
    const token = tokens.next()
    if (token === TOKEN.more) return 'more'
    if (tokens.depth < depth) return 'no'
    if (token === TOKEN.key && tokens.depth === depth && tokens.is('hitCount')) return 'no' // of a CPU profile
    if (token === TOKEN.key && tokens.depth === depth && keys.some(key => tokens.is(key))) return 'yes'
  }
}

/** See the head of this file. */
export const heapprofile: Converter = {
  name: 'heapprofile',
  title: "V8's sampling heap profile (Node, Chrome, Deno)",
  extensions: ['.heapprofile'],
  spec: 'https://chromedevtools.github.io/devtools-protocol/tot/HeapProfiler/#type-SamplingHeapProfile',
  carries: ['lineno', 'column', 'function', 'ordinal'],
  truncation: 'always',
  sniff,
  read: async (...file) => (await import('./read.ts')).read(...file),
  write: async (...snapshots) => (await import('./write.ts')).write(...snapshots),
}
