// pprof: google/pprof's profile.proto, and the default dump of this project.
//
// | in the file            | unit, base, sentinel              | in the model                     |
// | ---------------------- | --------------------------------- | -------------------------------- |
// | sample_type            | `inuse_space/bytes` ...           | snapshots: one per type in bytes |
// | Sample.location_id     | leaf first                        | stack                            |
// | Sample.value           | int64, may be negative            | size, count                      |
// | Location.line          | innermost first; several: inlined | frames                           |
// | Line.line, Line.column | 1-based, 0 = unknown              | lineno, column                   |
// | Function.start_line    | 1-based, 0 = unknown              | `exact` if its line is another   |
// | period (of bytes)      | bytes                             | meta.interval                    |
// | time_nanos             | since 1970                        | meta.time, in milliseconds       |
// | field 0x7638           | see docs/dump-format.md           | all else; only in our own files  |
//
// Our own files are read without loss, except that rows which differ in nothing but size and count were added
// up. Every cut of them is visible: a part before the string table lacks its strings, any other the end mark.
// Files of others end anywhere: a cut between two fields shows only if something then points at what is
// missing.
//
// Of other producers:
// - A function without a file (C, assembler) is of the file `<native>`, so the allocation frame is its
//   caller's.
// - A location without a function is named by its address, `0x7f3a`, of the file `<native>`.
// - Go, jemalloc and others write the calling line. Node's own pprof packages write V8's, where the function
//   starts, without a start_line: that cannot be told, their frames count as exact.
// - Samples of no bytes and no blocks are left out (Go keeps what was freed). Labels are left out and counted
//   in meta.skipped. Mappings, drop_frames, keep_frames and comments are not read.
// - Without a period in bytes nothing says how it was sampled: `sampled`, interval unknown.

import { CARRIED, type Converter } from '../converter.ts'
import { sniff } from './sniff.ts'

export const pprof: Converter = {
  name: 'pprof',
  title: "pprof profile, the default dump; opens in 'go tool pprof', Pyroscope, Parca, speedscope",
  extensions: ['.pb.gz', '.pprof', '.pb'],
  spec: 'https://github.com/google/pprof/blob/main/proto/profile.proto',
  carries: CARRIED,
  truncation: 'always',
  difference: 'negative',
  gzip: true,
  sniff,
  read: async (...file) => (await import('./read.ts')).read(...file),
  write: async snapshots => (await import('./write.ts')).write(snapshots),
}
