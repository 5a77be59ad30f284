// speedscope's own format.
// https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources (schema: speedscope.app/file-
// format-schema.json)
//
// | field                | unit, base, sentinel                                                             |
// | -------------------- | -------------------------------------------------------------------------------- |
// | profiles[].unit | `bytes` here, and `none` for numbers of blocks; times are refused |
// | weights[], at | in that unit; `at` counts up from startValue |
// | samples[] | indexes of frames, oldest first |
// | frames[].line, col | 1-based in files of ours, left out = unknown; speedscope passes on what it is given
// |
// | frames[].file | left out: `<unknown>` here |
// | frames[].name | `(anonymous)` for a function without a name |
//
// A snapshot is a profile `live bytes` and, when there are numbers of blocks, a second one `live blocks` of
// the same samples.
// speedscope refuses negative weights, so a difference is two: what grew and what shrank. The member
// `tracemalloc` holds
// the facts of each snapshot; speedscope passes over it.
//
// Read in one pass, in memory that grows with the distinct stacks: the rows of a snapshot are its distinct
// stacks. Members may be in any order; the first of `samples` and `weights` is kept, packed, until the other
// comes.
//
// Quirks: "evented" profiles (what speedscope itself exports) open and close frames at offsets; unit `none`
// of others is taken
// as bytes; profiles of time beside one of bytes are passed over; a V8 heap profile that speedscope exported
// has its lines 0-based, and -1.

import { memberIn } from '../../src/bytes/json-head.ts'
import { inPieces } from '../../src/bytes/lines.ts'
import type { Converter } from '../converter.ts'

const SCHEMA_LINK = /^https?:\/\/www\.speedscope\.app\/file-format-schema\.json$/

export const speedscope: Converter = {
  name: 'speedscope',
  title: 'speedscope',
  extensions: ['.speedscope.json', '.speedscope'],
  spec: 'https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources',
  carries: ['count', 'lineno', 'column', 'function', 'meta', 'measures'],
  truncation: 'always',
  difference: 'negative',
  sniff: head => memberIn(head, ['$schema'], SCHEMA_LINK),
  read: async (...file) => (await import('./read.ts')).read(...file),
  write: async snapshots => inPieces((await import('./write.ts')).write(snapshots)),
}
