// The Firefox Profiler's processed profile, with allocations: profiler.firefox.com opens it.
// https://github.com/firefox-devtools/profiler/blob/main/docs-developer/CHANGELOG-formats.md (types:
// src/types/profile.ts)
//
// Tables are objects of columns of equal length. Written as version 60, which later ones upgrade; read from
// 48 to 70.
//
// | field                              | unit, base, sentinel                                          |
// | ---------------------------------- | ------------------------------------------------------------- |
// | threads[].nativeAllocations.weight | bytes; negative where memory was freed, or in a difference    |
// | threads[].jsAllocations.weight     | bytes; className is the type                                  |
// | .stack                             | index in the stack table; null = no stack                     |
// | stackTable.prefix (to 65)          | index of the caller; null = none                              |
// | stackTable.prefixOffset (from 66)  | distance back to the caller; 0 = none                         |
// | funcTable.lineNumber, columnNumber | 1-based start of the function; null = unknown: our lines that |
// |                                    | are not exact                                                 |
// | frameTable.line, column            | 1-based call; null = unknown: our exact lines                 |
// | funcTable.name                     | `(anonymous)` for a function without a name                   |
// | meta.startTime                     | milliseconds since 1970                                       |
//
// A snapshot is a thread. The member `meta.tracemalloc` holds the facts of each; the profiler passes over it.
//
// Quirks: to 55 each thread has its own stringArray, to 59 its own tables; to 57 a function has `fileName`,
// later `source`. With `memoryAddress` (Firefox's own recordings) an allocation is live unless its address
// was freed later. Profiles without any allocation are refused: they measure time.

import { memberIn } from '../../src/bytes/json-head.ts'
import { inPieces } from '../../src/bytes/lines.ts'
import type { Converter } from '../converter.ts'

export const firefox: Converter = {
  name: 'firefox',
  title: 'Firefox Profiler (processed profile)',
  extensions: ['.firefox.json', '.profile.json'],
  spec: 'https://github.com/firefox-devtools/profiler/blob/main/docs-developer/CHANGELOG-formats.md',
  carries: ['lineno', 'column', 'function', 'exact', 'meta', 'measures'],
  truncation: 'always',
  difference: 'negative',
  sniff: head => memberIn(head, ['meta', 'preprocessedProfileVersion']),
  read: async (...file) => (await import('./read.ts')).read(...file),
  write: async snapshots => inPieces((await import('./write.ts')).write(snapshots)),
}
