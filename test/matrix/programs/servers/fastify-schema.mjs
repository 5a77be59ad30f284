// Fastify: answers by a schema, and keeps nothing.

import { createServer } from 'node:http'
import Fastify from 'fastify'
import { listen } from '../host.mjs'

const app = Fastify({ serverFactory: handle => createServer(handle) })
const schema = {
  response: { 200: { type: 'object', properties: { items: { type: 'array', items: { type: 'number' } } } } },
}
app.get('/', { schema }, async request => ({
  items: Array.from({ length: 100 }, (_, k) => k * Number(request.query.i)),
}))
await app.ready()
listen(app.server)
