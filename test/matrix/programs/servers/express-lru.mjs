// Express with a bounded cache of its answers, always full and always changing.

import { createServer } from 'node:http'
import express from 'express'
import { LRUCache } from 'lru-cache'
import { listen } from '../host.mjs'

const cache = new LRUCache({ max: 200 })

function answer(id) {
  let found = cache.get(id)
  if (!found) cache.set(id, (found = { id, rows: new Array(150).fill(id) }))
  return found
}

const app = express()
app.get('/', (req, res) => res.json({ rows: answer(req.query.i).rows.length }))
listen(createServer(app))
