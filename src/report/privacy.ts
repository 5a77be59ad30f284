import type { Snapshot } from '../model/snapshot.ts'

/** What a file may hold that should not leave the house. */
export interface StripView {
  /** Texts of the program's memory. */
  heapStrings: Finding
  /** Texts of its files. */
  sourceText: Finding
  /** Hosts in addresses, and this machine's name. */
  hostNames: Finding
  /** Folders of users, such as `/home/ann`. */
  userFolders: Finding
}

export interface Finding {
  /** `format`: files of this format hold it; `scan`: it was found in this one; `none`: it was not. */
  held: 'format' | 'scan' | 'none'
  /** How many different ones were found, up to `MOST`. */
  found: number
  examples: string[]
}

/** Different findings that are counted. */
const MOST = 1000
const EXAMPLES = 3
/** Characters that a finding may have: what begins so near the end of a piece is left to the next. */
const OVERLAP = 512

// Slashes may be written `\/`, as JSON has them.
const HOST =
  /\b(?:https?|wss?|ftp|ssh|git|blob:https?):(?:\\?\/){2}(?:[^\s"'<>/?#@\\]{0,128}@)?(\[[0-9a-f:.]{2,45}\]|[\w.\-\x80-\xff]{1,253})/gi
const FOLDER = /(?:\\?\/(?:home|Users)\\?\/|[a-z]:\\{1,2}Users\\{1,2})([^\s"'<>/\\:]{1,64})(?=[/\\])/gi
const SOURCE =
  /"sourcesContent"\s*:\s*\[\s*"|\bdata:(?:text|application)\/(?:x-)?(?:java|type)script\b|\bdata:application\/json;[^"'\s]{0,64}base64,/g

/**
 * Looks through a file's bytes (inflated) and what was read of it. What is not found may still be there in another form:
 * only what a format has no place for is surely not.
 * @param holds what the format holds by its nature
 * @param hostName this machine's name, looked for as it is
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

/** Names of several lines: they are no names, but code or data. */
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

/** What a file may hold, and whether it does. */
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
