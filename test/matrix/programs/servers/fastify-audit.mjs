// Fastify: a hook that logs every request in memory.

import { createServer } from 'node:http'
import Fastify from 'fastify'
import { listen } from '../host.mjs'

const audit = []

async function record(request) {
  audit.push({
    method: request.method,
    url: request.url,
    times: Array.from({ length: 160 }, (_, k) => k * audit.length),
  })
}

const app = Fastify({ serverFactory: handle => createServer(handle) })
app.addHook('onRequest', record)
app.get('/', async request => ({ hello: request.query.i }))
await app.ready()
listen(app.server)
