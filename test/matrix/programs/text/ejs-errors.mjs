// EJS: errors are collected with all that was known, in an arrow function.
import ejs from 'ejs'
import { serve } from '../host.mjs'

const render = ejs.compile('<ul><% for (const item of items) { %><li><%= item.name %></li><% } %></ul>')
const errors = []

const report = (i, error) => {
  errors.push({ i, message: error.message, context: Array.from({ length: 160 }, (_, k) => i + k) })
}

serve(async i => {
  try {
    render({ items: [{ name: i }, null] })
  } catch (error) {
    report(i, error)
  }
})
