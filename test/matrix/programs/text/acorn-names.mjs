// acorn: the names in all sources are noted, in a callback of the parser.
import { parse } from 'acorn'
import { serve } from '../host.mjs'

const names = []

function onToken(token) {
  if (token.type.label === 'name')
    names.push({ name: token.value, start: token.start, end: token.end, tags: new Array(16).fill(0) })
}

const source = Array.from({ length: 8 }, (_, k) => `let name${k} = f(${k})`).join('\n')
serve(async () => parse(source, { ecmaVersion: 2022, onToken }))
