// A batch of parsers over files of this project and of its tools: JavaScript words, CSS, YAML, edits with source maps.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import MagicString from 'magic-string'
import postcss from 'postcss'
import { parseDocument } from 'yaml'

const require = createRequire(import.meta.url)

function tokens(words, text, id) {
  for (const word of text.match(/[A-Za-z_]{4,}/g) ?? []) {
    let found = words.get(word)
    if (!found) words.set(word, (found = { word, files: [] }))
    if (found.files.at(-1) !== id) found.files.push(id)
  }
}

function styles(text, i) {
  const rules = text
    .match(/[a-z][A-Za-z]{5,}/g)
    .slice(i * 120, i * 120 + 120)
    .map((name, k) => `.${name} > a:hover { color: #${(k * 4099) % 1000}; margin: ${k}px ${i}px }`)
  return postcss.parse(rules.join('\n'))
}

function settings(text, i) {
  const names = text.match(/[a-z][A-Za-z]{5,}/g).slice(i * 60, i * 60 + 60)
  return parseDocument(
    names.map((name, k) => `${name}${k}:\n  - value: ${k}\n    text: "${name}"`).join('\n'),
  )
}

function edits(text) {
  const edited = new MagicString(text.slice(0, 6000))
  for (const match of text.slice(0, 6000).matchAll(/\bconst\b/g))
    edited.overwrite(match.index, match.index + 5, 'let')
  return { edited, map: edited.generateMap({ hires: false }) }
}

export async function run() {
  const folder = dirname(require.resolve('postcss'))
  const files = [
    'parser.js',
    'container.js',
    'node.js',
    'tokenize.js',
    'stringifier.js',
    'processor.js',
    'map-generator.js',
  ]
  const state = { words: new Map(), styles: [], settings: [], edits: [] }
  for (const [i, file] of files.entries()) {
    const text = readFileSync(join(folder, file), 'utf8')
    tokens(state.words, text, i)
    state.styles.push(styles(text, 0), styles(text, 1))
    state.settings.push(settings(text, i % 3))
    state.edits.push(edits(text))
    await new Promise(resolve => setImmediate(resolve))
  }
  return state
}
