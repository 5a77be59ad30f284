// Phrases that readers stumble over, in comments, messages, help and pages: each has a plainer form.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support/cli.ts'
import { filesIn } from './support/imports.ts'

/** What not to write, and what to write instead. */
const BANNED: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\bthat (is|are) none\b/, 'that is not a ...'],
  [/\bso many\b/, 'this many, or the number'],
  [/\bwhatever (it|they) holds?\b/, 'with any content'],
  [/\b(go|goes) by\b/, 'depends on'],
  [/\btells? of\b/, 'reports, describes'],
  [/\b(is|are) said\b/, 'the command says, is reported'],
  [/\bwithout a word\b/, 'silently'],
  [/\bas it is\b(?! (recorded|read))/, 'unchanged'],
  [/\bof late\b/, 'recently'],
  [/\bthe very\b/, 'leave out'],
  [/\bwho\b[\w ]{1,30}\bwould\b/, 'a reader that ...'],
  [/\bmakes? (?!use )\w+ of\b/, 'turns ... into'],
  [/\b(text|bytes|data|more|stand|stands|comes?|one) behind\b/, 'after'],
  [/: it takes\b/, 'expected, needs'],
  [/\bnobody (tells|asks|knows)\b/, 'unknown'],
  [/\ball the same\b/, 'anyway'],
]

/** What a person reads: comments and texts of the sources (help and messages among them), and the pages. */
const read = [
  ...filesIn('src', 'converters'),
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'test/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]

describe('plain English', () => {
  it('sees the pages and the sources', () => {
    expect(read).toEqual(expect.arrayContaining(['README.md', 'docs/accuracy.md', 'src/cli/main.ts']))
  })

  it('finds a banned phrase also over two lines of a comment', () => {
    expect(bannedIn('// A value that\n// is none ends.')).toEqual(['that is none: that is not a ...'])
  })

  it('is what sources and pages are written in', () => {
    const found = read.flatMap(path =>
      bannedIn(readFileSync(join(root, path), 'utf8')).map(what => `${path}: ${what}`),
    )
    expect(found).toEqual([])
  })
})

/** The banned phrases of a text, each with what to write instead. */
function bannedIn(text: string): string[] {
  const words = text.replace(/\n\s*(\/\/|\*(?!\/))?\s*/g, ' ')
  return BANNED.flatMap(([phrase, instead]) => {
    const found = new RegExp(phrase, 'i').exec(words)
    return found ? [`${found[0]}: ${instead}`] : []
  })
}
