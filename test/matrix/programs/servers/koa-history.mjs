// Koa: a class that keeps the answers of a service.
import { createServer } from 'node:http'
import Koa from 'koa'
import { listen } from '../host.mjs'

class History {
  #answers = []

  remember(query) {
    this.#answers.push({ query, words: `${query} `.repeat(60).split(' ') })
    return this.#answers.length
  }
}

const history = new History()
const app = new Koa()
app.use(async ctx => {
  ctx.body = { count: history.remember(ctx.query.i) }
})
listen(createServer(app.callback()))
