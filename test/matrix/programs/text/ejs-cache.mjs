// EJS: templates that are compiled once, and rendered for ever.
import ejs from 'ejs'
import { serve } from '../host.mjs'

const compiled = new Map()

function templateOf(name) {
  if (!compiled.has(name))
    compiled.set(name, ejs.compile(`<h1>${name}</h1><% for (const n of items) { %><li><%= n %></li><% } %>`))
  return compiled.get(name)
}

serve(async i => templateOf(`page ${i % 12}`)({ items: Array.from({ length: 20 }, (_, k) => k * i) }))
