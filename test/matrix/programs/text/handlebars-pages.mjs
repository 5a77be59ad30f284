// Handlebars: the models of all pages that were rendered stay in a debugging aid.
import Handlebars from 'handlebars'
import { serve } from '../host.mjs'

const page = Handlebars.compile('<h1>{{title}}</h1>{{#each items}}<li>{{name}}</li>{{/each}}')
const rendered = []

function modelOf(i) {
  const model = { title: `page ${i}`, items: Array.from({ length: 30 }, (_, k) => ({ name: k })) }
  rendered.push(model)
  return model
}

serve(async i => page(modelOf(i)))
