import type { SnapshotMeta } from '../model/meta.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Redaction } from './redactions.ts'
import { rewriteFrames } from './rewrite-frames.ts'
import { sha256 } from './sha256.ts'

export type { Redaction } from './redactions.ts'

/** Hexadecimal digits of a hash that are kept: 64 bits, so that no two files of one program become one. */
const DIGITS = 16

/**
 * The same snapshots without what tells where they were taken: folders, hosts, query strings, process ids, titles of pages.
 * Function and type names, lines and numbers stay. Equal names become equal names, so redacted snapshots still compare. A
 * snapshot that is redacted so already stays as it is: a hash of a hash would compare with nothing.
 */
export function redact(snapshots: readonly Snapshot[], how: Redaction): Snapshot[] {
  const isDone = ({ meta }: Snapshot) => meta.notes?.includes(noteOf(how)) === true
  const redacted = redactAll(
    snapshots.filter(snapshot => !isDone(snapshot)),
    how,
  ).values()
  return snapshots.map(snapshot => (isDone(snapshot) ? snapshot : (redacted.next().value as Snapshot)))
}

/** What tells, in the snapshot itself, that it is redacted. */
function noteOf(how: Redaction): string {
  return `file names are redacted (${how})`
}

function redactAll(snapshots: readonly Snapshot[], how: Redaction): Snapshot[] {
  const names = new Map<string, string>()
  const nameOf = (filename: string) => {
    let name = names.get(filename)
    if (name === undefined) names.set(filename, (name = redactFilename(filename, how)))
    return name
  }
  const rewritten = rewriteFrames(snapshots, (from, id, into) => {
    const { functionName, filename, lineno, column, exact } = from.frames.get(id)
    return into.frames.intern(redactText(functionName, how), nameOf(filename), lineno, column, exact)
  })
  return rewritten.map(snapshot => snapshot.with({ meta: redactMeta(snapshot.meta, how) }))
}

/**
 * `base`: `/home/ann/app/src/x.ts` and `https://host/src/x.ts?token=1` are `x.ts`. `hash`: the first 16 digits of SHA-256 of
 * the name without its query, and its extension. Names that are the same everywhere stay: `node:fs`, `<native>`.
 */
export function redactFilename(filename: string, how: Redaction): string {
  if (filename === '' || /^(<[^/\\]*>|node:.*|evalmachine\.<anonymous>)$/s.test(filename)) return filename
  const isAddress = /^[a-z][a-z0-9+.-]+:/i.test(filename) // two letters at least: one is a Windows drive
  const end = filename.search(isAddress ? /[?#]/ : /\?/)
  const plain = end < 0 ? filename : filename.slice(0, end)
  if (how === 'hash')
    return sha256(plain).slice(0, DIGITS) + (/\.[a-z0-9]{1,5}$/i.exec(withoutHost(plain))?.[0] ?? '')
  const parts = withoutHost(plain).split(/[/\\]/).filter(Boolean)
  return parts.at(-1) ?? '(index)'
}

/** Path of an address, nothing of its host; other names as they are. The text of a `data:` address is no path. */
function withoutHost(name: string): string {
  if (/^data:/i.test(name)) return 'data:'
  return name.replace(/^([a-z][a-z0-9+.-]+:)+(\/\/[^/\\]*)?/i, '')
}

/** A text with every word redacted that has a slash in it, as paths and addresses have. */
function redactText(text: string, how: Redaction): string {
  if (!/[/\\]/.test(text)) return text
  return text.replace(/[^\s()'"`,;]+/g, word => (/[/\\]/.test(word) ? redactFilename(word, how) : word))
}

function redactMeta(meta: SnapshotMeta, how: Redaction): SnapshotMeta {
  const result: SnapshotMeta = {
    ...meta,
    pid: undefined,
    notes: [...(meta.notes ?? []).map(note => redactText(note, how)), noteOf(how)],
  }
  if (meta.name !== undefined) result.name = redactText(meta.name, how)
  if (meta.isolate !== undefined && !/^(main|worker( \d+)?)$/.test(meta.isolate))
    result.isolate = `isolate ${sha256(meta.isolate).slice(0, DIGITS)}` // a page's title or address
  return result
}
