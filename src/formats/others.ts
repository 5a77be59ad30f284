// Names files that are no snapshots: people save the wrong one, or a download or a copy goes wrong. Looks at
// their first bytes only.
import { JsonTokens, STATE, TOKEN } from '../bytes/json-tokens.ts'
import { asciiOf } from '../bytes/lines.ts'
import { FormatError } from '../errors.ts'

/** What a file is, in words, and what would do instead. */
export interface Other {
  readonly what: string
  readonly hint?: string
  /** Nothing is known of it but that it is JSON: its end may tell more. */
  readonly isVague?: boolean
}

const RECORD = 'for memory: node --heap-prof, or tracemalloc run'
const AGAIN = 'copy or download it again'
const UNPACK = 'unpack it first'
const NOTES = 'give the file that it was made from'
const NEEDS_STACKS = 'it has no stacks: tracemalloc run or attach records them'

/**
 * The word for a file that begins like this; undefined where nothing is known of it. `isWhole`: there are no
 * more bytes.
 */
export function otherOf(head: Uint8Array, isWhole: boolean): Other | undefined {
  if (head.length === 0)
    return { what: 'the file is empty', hint: 'was its writer stopped before it had written?' }
  const ascii = asciiOf(head.subarray(0, 4096))
  if (/^\0+$/.test(ascii))
    return { what: 'nothing but zero bytes', hint: `its writer or its disk broke off: ${AGAIN}` }
  if (/^\s*$/.test(ascii)) return { what: 'nothing but white space', hint: AGAIN }
  const known = STARTS.find(([start]) => start.test(ascii))
  if (known) return { what: known[1], hint: known[2] }
  return /^\s*[{["]/.test(ascii) ? jsonOf(head, isWhole) : undefined
}

/** First bytes, as Latin 1. */
const STARTS: readonly (readonly [RegExp, string, string?])[] = [
  [/^\x1f\x8b/, 'gzip inside gzip, more than four deep', UNPACK],
  [
    /^(?:PK\x03\x04|\xfd7zXZ\0|BZh[1-9]|7z\xbc\xaf|\x04\x22\x4d\x18|Rar!)/,
    'an archive, or compressed otherwise than by gzip or zstd',
    UNPACK,
  ],
  [/^[^\0]{100}[\s\S]{157}ustar/, 'a tar archive', UNPACK],
  [/^version https:\/\/git-lfs\./, 'a Git LFS pointer, not the file itself', 'git lfs pull fetches it'],
  [
    /^\.?\.?\/?(?:\.\.\/)*(?:\.git)?\/annex\/objects\//,
    'a git-annex pointer, not the file itself',
    'git annex get fetches it',
  ],
  [
    /^\s*(?:<!--[\s\S]*?-->\s*)?(?:<\?xml[^>]*>\s*)?(?:<!doctype svg[^>]*>\s*)?<svg/i,
    'a picture (SVG), such as a flame graph',
    NOTES,
  ],
  [
    /^\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body)/i,
    'a web page (HTML)',
    'did the download end at a login or an error page?',
  ],
  [/^\s*<\?xml|^\s*<Error>/i, 'XML, such as the error message of a download', AGAIN],
  [
    /^\x7fELF/,
    'an ELF file: a program, or a core dump',
    'of a core dump only a debugger (llnode) gets objects',
  ],
  [/^(?:MZ|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe|\0asm)/, 'a program', RECORD],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|%PDF)/, 'a picture or a document', NOTES],
  [/^SQLite format 3/, 'an SQLite database'],
  [
    /^JAVA PROFILE /,
    "a heap dump of the JVM (hprof), which has no allocation stacks' bytes in it",
    'async-profiler -e alloc writes pprof or collapsed stacks',
  ],
  [/^FLR\0/, 'a recording of the JVM (JFR)', 'its jfrconv writes pprof or collapsed stacks'],
  [/^(?:PERFILE2|LPERFILE)/, 'data of perf, which measures time', RECORD],
  [/^(?:Nettrace|!FastSerialization)/, 'a trace of .NET'],
  [/^memray/, 'a recording of memray', 'memray stats or memray transform reads it'],
  [/^desc: .*\ncmd: /, 'a profile of massif (Valgrind)', 'ms_print reads it'],
  [/^(?:TN:.*\n)?SF:/, 'code coverage (lcov)', RECORD],
  [/^v8-version,|^shared-library,|^code-creation,/, "V8's log (--prof), which measures time", RECORD],
  [/^# Memory\b|^\|.*\| *\n\|[-:| ]+\| *\n/, 'a report in Markdown', NOTES],
  [/^-{3,}BEGIN /, 'a key or a certificate'],
]

/** Paths of members, one a line, as `shapeOf` writes them. */
const SHAPES: readonly (readonly [RegExp, string, string?])[] = [
  [/^schema="tracemalloc\./m, 'a report of tracemalloc, not a snapshot', NOTES],
  [
    /(?:^|\.)nodes\[\]\.(?:hitCount|callFrame)$|(?:^|\.)head\.hitCount$/m,
    'a CPU profile of V8 (.cpuprofile)',
    RECORD,
  ],
  [
    /^traceEvents$|^\[\]\.ph$/m,
    'a trace of Chrome, which measures time',
    'in DevTools: Memory, Allocation sampling, Save profile',
  ],
  [
    /^nodeClassNames$/m,
    "a heap snapshot in WebKit's form (Safari, and Bun's own)",
    "Bun.generateHeapSnapshot('v8') and Bun's v8.writeHeapSnapshot() write V8's",
  ],
  [
    /^lighthouseVersion$/m,
    'a report of Lighthouse',
    'in DevTools: Memory, Allocation sampling, Save profile',
  ],
  [
    /^log\.(?:entries|creator)$/m,
    'a record of network requests (HAR)',
    'in DevTools: Memory, Allocation sampling, Save profile',
  ],
  [/\.statementMap$|^(?:result\[\]\.|\[\]\.)functions$/m, 'code coverage', RECORD],
  [/^mappings$/m, 'a source map', 'give it with --source-maps FOLDER'],
  [/^header\.reportVersion$/m, 'a diagnostic report of Node', NEEDS_STACKS],
  [/^dhatFileVersion$/m, 'a profile of DHAT (Valgrind)', 'dh_view.html reads it'],
  [
    /^threads\[\]\.samples\.schema$/m,
    'a Gecko profile as it is recorded',
    'open it in profiler.firefox.com and save it there',
  ],
  [/^(?:total_heap_size|heapTotal|heapUsed|jsHeapSizeLimit)$/m, 'numbers of memory', NEEDS_STACKS],
  [
    /(?:^|\.)chunk$/m,
    "the protocol's messages with pieces of a heap snapshot",
    "write their 'chunk' texts behind each other into one file",
  ],
  [/^error\.message$/m, 'an error message, not a profile'],
  [/^lockfileVersion$|^(?:devD|d)ependencies$/m, 'a list of packages', RECORD],
  [/^children\[\]\.(?:name|value)$/m, "a flame graph's tree", NOTES],
]

const CUT: Other = { what: 'JSON that ends too early', hint: AGAIN, isVague: true }
const BROKEN: Other = { what: 'it begins like JSON, but is none', hint: AGAIN }

function jsonOf(head: Uint8Array, isWhole: boolean): Other {
  const { paths, end } = shapeOf(head)
  const other = jsonWith(paths, end)
  return end === 'cut' && !isWhole && other === CUT ? jsonWith(paths, 'whole') : other
}

/** The word for JSON with members at these paths, one a line, as `shapeOf` writes them. */
export function jsonWith(paths: string, end: 'whole' | 'cut' | 'wrong'): Other {
  const known = SHAPES.find(([shape]) => shape.test(paths))
  if (known) return { what: known[1], hint: known[2] }
  if (end !== 'whole') return end === 'cut' ? CUT : BROKEN
  const keys = [...paths.matchAll(/^(?:\[\]\.)?([\w$@-]{1,40})$/gm)].map(match => match[1]).slice(0, 5)
  const named = keys.length > 0 ? ` (${keys.join(', ')} ...)` : ''
  return { what: `not a profile, but JSON of another kind${named}`, isVague: true }
}

/** Members deeper than this tell nothing, and more of them than this neither. */
const DEEPEST = 6
const MOST = 400

/**
 * The paths of the members that a JSON text begins with, and how it ends. A short text is written behind its
 * path.
 */
function shapeOf(head: Uint8Array): { paths: string; end: 'whole' | 'cut' | 'wrong' } {
  const tokens = new JsonTokens('json')
  const open: { path: string; isArray: boolean }[] = []
  const paths = new Set<string>()
  let key = ''
  const here = () => {
    const { path, isArray } = open[open.length - 1] ?? { path: '', isArray: false }
    if (isArray) return `${path}[]`
    return path === '' ? key : `${path}.${key}`
  }
  try {
    tokens.push(head)
    for (;;) {
      const token = tokens.next()
      if (token === TOKEN.more) break
      const isNear = tokens.depth <= DEEPEST && paths.size < MOST
      if (token === TOKEN.key) {
        if (!isNear) continue
        key = tokens.text()
        paths.add(here())
      } else if (token === TOKEN.object || token === TOKEN.array) {
        open.push(isNear ? { path: here(), isArray: token === TOKEN.array } : { path: '', isArray: false })
      } else if (token === TOKEN.objectEnd || token === TOKEN.arrayEnd) open.pop()
      else if (token === TOKEN.string && isNear && tokens.to - tokens.from < 100) {
        paths.add(`${here()}=${JSON.stringify(tokens.text())}`)
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { paths: [...paths].join('\n'), end: 'wrong' }
  }
  const isWhole = tokens.depth === 0 && tokens.state === STATE.after
  return { paths: [...paths].join('\n'), end: isWhole ? 'whole' : 'cut' }
}
