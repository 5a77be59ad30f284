// Express: a middleware that remembers every visitor.

import { createServer } from 'node:http'
import express from 'express'
import { listen } from '../host.mjs'

const sessions = new Map()

function track(req, _res, next) {
  const id = `${req.query.i}-${sessions.size}`
  sessions.set(id, { id, url: req.url, seen: new Array(150).fill(sessions.size), cart: [] })
  next()
}

const app = express()
app.use(track)
app.get('/', (req, res) => res.json({ hello: req.query.i }))
listen(createServer(app))
