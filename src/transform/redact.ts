// Removes what shows where a snapshot was taken.

import { sha256 } from '@noble/hashes/sha2'
import { bytesToHex } from '@noble/hashes/utils'
import type { SnapshotMeta } from '../model/meta.ts'
import { fileName } from '../model/names/file-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Redaction } from './redactions.ts'
import { rewriteFrames } from './rewrite-frames.ts'

export type { Redaction } from './redactions.ts'

/** Hexadecimal digits kept of a hash: 64 bits, so that no two files of a program get the same name. */
const DIGITS = 16

/**
 * The same snapshots without what shows where they were taken: folders, hosts, query strings, process ids,
 * page titles. Function and type names, lines and numbers stay. Equal names stay equal, so redacted snapshots
 * can still be compared. A snapshot that was redacted this way already is unchanged: a hash of a hash would
 * match nothing.
 */
export function redact(snapshots: readonly Snapshot[], how: Redaction): Snapshot[] {
  const isDone = ({ meta }: Snapshot) => meta.notes?.includes(noteOf(how)) === true
  const redacted = redactAll(
    snapshots.filter(snapshot => !isDone(snapshot)),
    how,
  ).values()
  return snapshots.map(snapshot => (isDone(snapshot) ? snapshot : (redacted.next().value as Snapshot)))
}

/** Marks a snapshot as redacted. */
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
    const { functionName, filename, lineno, column, exact, startLine, startColumn } = from.frames.get(id)
    const [name, file] = [redactText(functionName, how), nameOf(filename)]
    return into.frames.intern(name, file, lineno, column, exact, startLine, startColumn)
  })
  return rewritten.map(snapshot => snapshot.with({ meta: redactMeta(snapshot.meta, how) }))
}

/**
 * `base`: `/home/ann/app/src/x.ts` and `https://host/src/x.ts?token=1` become `x.ts`. `hash`: the first 16
 * digits of the SHA-256 of the name without its query, and its extension. Names that are the same everywhere
 * stay: `node:fs`, `<native>`.
 */
export function redactFilename(filename: string, how: Redaction): string {
  if (filename === '' || /^(<[^/\\]*>|node:.*|evalmachine\.<anonymous>)$/s.test(filename)) return filename
  const name = fileName(filename)
  // At least two letters: a single one is a Windows drive.
  const isAddress = /^[a-z][a-z0-9+.-]+:/i.test(name)
  const end = name.search(isAddress ? /[?#]/ : /\?/)
  const plain = end < 0 ? name : name.slice(0, end)
  if (how === 'hash') return hashOf(plain) + (/\.[a-z0-9]{1,5}$/i.exec(withoutHost(plain))?.[0] ?? '')
  const parts = withoutHost(plain).split(/[/\\]/).filter(Boolean)
  return parts.at(-1) ?? '(index)'
}

/** The path of a URL, without its host; other names unchanged. The text of a `data:` URL is not a path. */
function withoutHost(name: string): string {
  if (/^data:/i.test(name)) return 'data:'
  return name.replace(/^([a-z][a-z0-9+.-]+:)+(\/\/[^/\\]*)?/i, '')
}

/** A text with every word redacted that contains a slash, as paths and URLs do. */
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
    result.isolate = `isolate ${hashOf(meta.isolate)}` // a page's title or URL
  return result
}

/** The first digits of a text's SHA-256; of `node:crypto` a browser has nothing that answers at once. */
function hashOf(text: string): string {
  return bytesToHex(sha256(text)).slice(0, DIGITS)
}
