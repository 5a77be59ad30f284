// Koa: ten templates that are compiled when first asked for.
import { createServer } from 'node:http'
import Handlebars from 'handlebars'
import Koa from 'koa'
import { listen } from '../host.mjs'

const templates = new Map()

function templateOf(name) {
  let found = templates.get(name)
  if (!found)
    templates.set(
      name,
      (found = Handlebars.compile(`<h1>${name}</h1>{{#each items}}<li>{{this}}</li>{{/each}}`)),
    )
  return found
}

const app = new Koa()
app.use(async ctx => {
  const items = Array.from({ length: 30 }, (_, k) => `${ctx.query.i}.${k}`)
  ctx.body = templateOf(`page ${Number(ctx.query.i) % 10}`)({ items })
})
listen(createServer(app.callback()))
