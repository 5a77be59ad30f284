// marked: a renderer that keeps the headings of all documents.
import { Marked } from 'marked'
import { serve } from '../host.mjs'

const headings = []
const marked = new Marked({
  renderer: {
    heading({ text, depth }) {
      headings.push({ depth, path: new Array(30).fill(depth), text })
      return `<h${depth}>${text}</h${depth}>`
    },
  },
})
const document = Array.from({ length: 6 }, (_, k) => `## Part ${k}\n\nSome *text* of it.`).join('\n\n')
serve(async () => marked.parse(document))
