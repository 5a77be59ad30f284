// Files as people have them, one of each kind: what reads them or what is said of them. docs/formats.md has the table.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A kind of file. */
export interface Kind {
  /** Of what, for the table. */
  readonly kind: string
  readonly bytes: Uint8Array
  /** Bytes of the snapshot; undefined for what is refused. */
  readonly total?: number
  /** Part of the note, or of the refusal. */
  readonly says?: string
}

const SAMPLES = join(import.meta.dirname, '../../samples')
const sample = (path: string) => readFileSync(join(SAMPLES, path))
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const PROFILE = JSON.parse(sample('heapprofile/without-ids.heapprofile').toString()) as object
const utf16 = (bytes: Uint8Array) => Buffer.from(`\ufeff${Buffer.from(bytes)}`, 'utf16le')
const marked = (bytes: Uint8Array) => Buffer.concat([Buffer.from('\ufeff'), bytes])
const edited = (path: string, from: string, to: string) =>
  Buffer.from(sample(path).toString().replace(from, to))
const SIZE = 1000

const wrapped = (what: object, at: string): Kind => ({
  kind: `V8's profile at \`${at}\` of a document`,
  bytes: json(what),
  total: SIZE,
  says: `it is in ${at}`,
})

/** What is read, and with which note. */
export const READ: readonly Kind[] = [
  { kind: "V8's profile without ids (Node 10, Chrome 69)", bytes: json(PROFILE), total: SIZE },
  {
    kind: "V8's profile, leaves without children",
    bytes: sample('heapprofile/without-children.heapprofile'),
    total: SIZE,
  },
  {
    kind: "V8's profile without `callFrame`",
    bytes: sample('heapprofile/without-call-frames.heapprofile'),
    total: 2048,
  },
  wrapped({ profile: PROFILE }, 'profile'),
  wrapped({ id: 3, result: { profile: PROFILE } }, 'result.profile'),
  wrapped({ value: { profile: PROFILE } }, 'value.profile'),
  wrapped(
    { id: 3, sessionId: 'a', result: { type: 'x', value: { profile: PROFILE } } },
    'result.value.profile',
  ),
  {
    kind: 'JSON in a JSON string',
    bytes: json(JSON.stringify(PROFILE)),
    total: SIZE,
    says: 'JSON.stringify twice',
  },
  {
    kind: 'UTF-8 with a byte order mark, gzipped',
    bytes: gzipSync(marked(json(PROFILE))),
    total: SIZE,
  },
  { kind: "UTF-16 (PowerShell's `>`)", bytes: utf16(json(PROFILE)), total: SIZE },
  { kind: 'UTF-16, big-endian', bytes: utf16(json(PROFILE)).swap16(), total: SIZE },
  { kind: 'UTF-16 without a byte order mark', bytes: utf16(json(PROFILE)).subarray(2), total: SIZE },
  {
    kind: "V8's heap snapshot with a byte order mark",
    bytes: marked(sample('heapsnapshot/header-last.heapsnapshot')),
    total: 128,
  },
  {
    kind: 'a heap snapshot with its header last',
    bytes: sample('heapsnapshot/header-last.heapsnapshot'),
    total: 128,
  },
  {
    kind: 'a heap snapshot with node types that it does not list',
    bytes: edited('heapsnapshot/header-last.heapsnapshot', '"nodes": [9', '"nodes": [21'),
    total: 128,
  },
  {
    kind: 'a heap snapshot of Julia (addresses as ids)',
    bytes: sample('heapsnapshot/julia.heapsnapshot'),
    total: 1144,
  },
  {
    kind: 'a heap snapshot of Hermes (counts of 0)',
    bytes: sample('heapsnapshot/hermes.heapsnapshot'),
    total: 112,
  },
  {
    kind: 'speedscope of V8 heap profiles (lines of -1)',
    bytes: sample('speedscope/of-a-heapprofile.speedscope.json'),
    total: 69632,
  },
  {
    kind: 'speedscope with a profile of time beside one of bytes',
    bytes: sample('speedscope/time-and-bytes.speedscope.json'),
    total: 4096,
  },
  {
    kind: 'folded stacks with comments, blank and odd lines',
    bytes: sample('folded/comments.folded'),
    total: 81,
    says: 'skipped 1 line without a number',
  },
  { kind: 'folded stacks in UTF-16', bytes: utf16(sample('folded/comments.folded')), total: 81 },
  { kind: 'NDJSON in UTF-16', bytes: utf16(sample('ndjson/leak-node26.ndjson')), total: 1737664 },
  { kind: 'a heap profile of jemalloc', bytes: sample('textheap/jemalloc5.heap'), total: 11091646 },
  { kind: 'a heap profile of gperftools', bytes: sample('textheap/gperftools.heap'), total: 6144 },
  {
    kind: 'a heap profile of Go with `debug=1`',
    bytes: sample('textheap/go1.19-debug1.heap'),
    total: 1176728,
  },
  { kind: 'gzip in gzip', bytes: gzipSync(gzipSync(json(PROFILE))), total: SIZE },
]

const CPU = {
  nodes: [{ id: 1, callFrame: { functionName: '(root)' }, hitCount: 0 }],
  startTime: 0,
  samples: [1],
}
const TIMED = {
  $schema: 'https://www.speedscope.app/file-format-schema.json',
  shared: { frames: [] },
  profiles: [{ type: 'sampled', unit: 'milliseconds', samples: [], weights: [] }],
}
const OVERFLOW = { head: { callFrame: { functionName: '(root)' }, selfSize: -2147479552, children: [] } }
const text = (content: string) => Buffer.from(content)

/** What is refused, each by its name. */
export const REFUSED: readonly Kind[] = [
  { kind: 'a CPU profile (`.cpuprofile`)', bytes: json(CPU), says: 'a CPU profile of V8' },
  {
    kind: 'a CPU profile in an answer',
    bytes: json({ result: { profile: CPU } }),
    says: 'a CPU profile of V8',
  },
  {
    kind: 'a CPU profile of Node 6',
    bytes: json({ head: { functionName: '(root)', hitCount: 0, callUID: 1, children: [] } }),
    says: 'a CPU profile of V8',
  },
  { kind: "V8's profile with a size beyond 32 bits", bytes: json(OVERFLOW), says: '32-bit overflow' },
  { kind: 'speedscope of CPU time', bytes: json(TIMED), says: 'it measures time (milliseconds), not memory' },
  {
    kind: 'pprof of CPU time',
    bytes: sample('pprof/invalid/cpu-profile.pb'),
    says: 'not a profile of memory but of time',
  },
  {
    kind: 'a trace of Chrome',
    bytes: json({ traceEvents: [{ ph: 'X', ts: 0 }] }),
    says: 'a trace of Chrome',
  },
  {
    kind: 'a trace of Chrome as an array',
    bytes: json([{ name: 'x', ph: 'X', ts: 0 }]),
    says: 'a trace of Chrome',
  },
  {
    kind: "a heap snapshot of WebKit (Safari, Bun's own)",
    bytes: json({
      version: 3,
      type: 'Inspector',
      nodes: [0, 0, 0, 0],
      nodeClassNames: ['<root>'],
      edges: [],
      edgeTypes: [],
      edgeNames: [],
    }),
    says: "WebKit's form",
  },
  {
    kind: 'a report of Lighthouse',
    bytes: json({ lighthouseVersion: '12.0.0', audits: {} }),
    says: 'Lighthouse',
  },
  {
    kind: 'a HAR file',
    bytes: json({ log: { version: '1.2', creator: { name: 'WebInspector' }, entries: [] } }),
    says: 'HAR',
  },
  {
    kind: 'code coverage (Istanbul)',
    bytes: json({ '/srv/a.b.js': { path: '/srv/a.b.js', statementMap: {} } }),
    says: 'code coverage',
  },
  {
    kind: 'code coverage (V8)',
    bytes: json({ result: [{ scriptId: '7', url: 'file:///a.js', functions: [] }] }),
    says: 'code coverage',
  },
  {
    kind: 'code coverage (lcov)',
    bytes: text('TN:\nSF:src/a.js\nDA:1,5\nend_of_record\n'),
    says: 'code coverage',
  },
  {
    kind: 'a source map',
    bytes: json({ version: 3, sources: ['a.ts'], mappings: 'AAAA' }),
    says: 'source map',
  },
  {
    kind: 'a diagnostic report of Node',
    bytes: json({ header: { reportVersion: 3 } }),
    says: 'diagnostic report',
  },
  { kind: 'a profile of DHAT', bytes: json({ dhatFileVersion: 2, mode: 'heap' }), says: 'DHAT' },
  {
    kind: '`process.memoryUsage()`',
    bytes: json({ rss: 1, heapTotal: 2, heapUsed: 3 }),
    says: 'numbers of memory',
  },
  {
    kind: 'a report of ours',
    bytes: json({ schema: 'tracemalloc.statistics/2', snapshots: [] }),
    says: 'a report of tracemalloc',
  },
  {
    kind: "the protocol's error message",
    bytes: json({ id: 3, error: { code: -32000, message: 'x' } }),
    says: 'an error message',
  },
  {
    kind: 'other JSON',
    bytes: json({ name: 'x', version: 1 }),
    says: 'JSON of another kind (name, version ...)',
  },
  { kind: 'JSON cut short', bytes: text('{"he'), says: 'JSON that ends too early' },
  { kind: 'a web page', bytes: text('<!DOCTYPE html>\n<html><head>'), says: 'a web page (HTML)' },
  {
    kind: 'a flame graph (SVG)',
    bytes: text('<?xml version="1.0"?>\n<svg width="1200">'),
    says: 'a picture (SVG)',
  },
  {
    kind: 'XML',
    bytes: text('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>'),
    says: 'XML',
  },
  {
    kind: 'a Git LFS pointer',
    bytes: text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    says: 'Git LFS pointer',
  },
  { kind: 'an empty file', bytes: text(''), says: 'the file is empty' },
  { kind: 'white space', bytes: text('\n \n'), says: 'nothing but white space' },
  { kind: 'zero bytes', bytes: new Uint8Array(5000), says: 'nothing but zero bytes' },
  { kind: 'an archive (zip, xz ...)', bytes: text('PK\x03\x04'), says: 'an archive' },
  { kind: 'a core dump', bytes: text('\x7fELF\x02'), says: 'core dump' },
  { kind: 'a heap dump of the JVM', bytes: text('JAVA PROFILE 1.0.2\0'), says: 'hprof' },
  { kind: "V8's log (`--prof`)", bytes: text('v8-version,14,6,202,1,0\n'), says: "V8's log" },
  { kind: 'text', bytes: text('hello\nworld\n'), says: 'not a profile or snapshot of a known format' },
]
