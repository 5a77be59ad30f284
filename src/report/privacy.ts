// Looks for data in a file that should stay private, for `info --strip-check`.
import type { Snapshot } from '../model/snapshot.ts'

/** Private data that a file may hold. */
export interface StripView {
  /** Strings from the program's memory. */
  heapStrings: Finding
  /** Source code. */
  sourceText: Finding
  /** Hosts in URLs, and this machine's name. */
  hostNames: Finding
  /** Home folders, such as `/home/ann`. */
  userFolders: Finding
}

interface Finding {
  /** `format`: every file of this format has it; `scan`: found in this file; `none`: not found. */
  held: 'format' | 'scan' | 'none'
  /** Number of distinct matches, at most `MOST`. */
  found: number
  examples: string[]
}

/** Most distinct matches that are counted. */
const MOST = 1000
const EXAMPLES = 3
/** Longest match in characters. One that starts closer to a chunk's end is left to the next chunk. */
const OVERLAP = 512

// Slashes may be written `\/`, as JSON has them.
const HOST =
  /\b(?:https?|wss?|ftp|ssh|git|blob:https?):(?:\\?\/){2}(?:[^\s"'<>/?#@\\]{0,128}@)?(\[[0-9a-f:.]{2,45}\]|[\w.\-\x80-\xff]{1,253})/gi
const FOLDER = /(?:\\?\/(?:home|Users)\\?\/|[a-z]:\\{1,2}Users\\{1,2})([^\s"'<>/\\:]{1,64})(?=[/\\])/gi
const SOURCE =
  /"sourcesContent"\s*:\s*\[\s*"|\bdata:(?:text|application)\/(?:x-)?(?:java|type)script\b|\bdata:application\/json;[^"'\s]{0,64}base64,/g

/**
 * Searches a file's inflated bytes and its snapshots. Data may be there in a form that the search does not
 * find; only data that the format has no place for is certainly absent.
 * @param holds what every file of the format holds
 * @param hostName this machine's name
 */
export async function stripView(
  chunks: AsyncIterable<Uint8Array>,
  snapshots: readonly Snapshot[],
  holds: readonly string[] = [],
  hostName = '',
): Promise<StripView> {
  const hosts = new Set<string>()
  const folders = new Set<string>()
  const sources = new Set<string>()
  const decoder = new TextDecoder('latin1')
  const look = (text: string, end: number) => {
    collect(hosts, HOST, text, end, match => match[1].toLowerCase())
    collect(folders, FOLDER, text, end, match => match[0].replaceAll('\\/', '/'))
    collect(sources, SOURCE, text, end, match => match[0])
    const at = hostName.length > 3 ? text.indexOf(hostName) : -1
    if (at >= 0 && at < end) hosts.add(hostName)
  }
  let text = ''
  for await (const chunk of chunks) {
    text += decoder.decode(chunk)
    if (text.length < 8 * OVERLAP) continue
    look(text, text.length - OVERLAP)
    text = text.slice(-OVERLAP)
  }
  look(text, text.length)
  for (const name of namesWithLines(snapshots)) if (sources.size < MOST) sources.add(name)
  return {
    heapStrings: finding(holds.includes('heap strings'), new Set()),
    sourceText: finding(holds.includes('source text'), sources),
    hostNames: finding(false, hosts),
    userFolders: finding(false, folders),
  }
}

function collect(
  into: Set<string>,
  pattern: RegExp,
  text: string,
  end: number,
  textOf: (match: RegExpMatchArray) => string,
): void {
  for (const match of text.matchAll(pattern)) {
    if (match.index >= end || into.size >= MOST) return
    into.add(textOf(match))
  }
}

/** Names of several lines: they are code or data, not names. */
function* namesWithLines(snapshots: readonly Snapshot[]): Generator<string> {
  for (const { strings } of new Set(snapshots.map(snapshot => snapshot.tables))) {
    for (let i = 0; i < strings.length; i++) if (/[\r\n]/.test(strings.get(i))) yield strings.get(i)
  }
}

function finding(isByFormat: boolean, found: Set<string>): Finding {
  return {
    held: isByFormat ? 'format' : found.size > 0 ? 'scan' : 'none',
    found: found.size,
    examples: [...found].slice(0, EXAMPLES).map(example => example.slice(0, 80)),
  }
}

const TITLES: Record<keyof StripView, string> = {
  heapStrings: 'heap strings',
  sourceText: 'source text',
  hostNames: 'host names',
  userFolders: 'user folders',
}

/** Each kind of private data, and whether the file holds it. */
export function stripFacts(view: StripView): [name: string, answer: string][] {
  return Object.entries(TITLES).map(([name, title]) => {
    const finding = view[name as keyof StripView]
    const isSure = name === 'heapStrings' && finding.held === 'none'
    return [title, isSure ? 'no, this format has no place for them' : answer(finding)]
  })
}

function answer({ held, found, examples }: Finding): string {
  if (held === 'format') return 'yes, as all files of this format'
  if (held === 'none') return 'none found'
  const more = found > examples.length ? ', ...' : ''
  return `yes, ${found >= MOST ? `${MOST} or more` : found} found (${examples.join(', ')}${more})`
}
