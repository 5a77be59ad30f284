// node:http: the last hundred requests are kept for a status page, no more.
import { createServer } from 'node:http'
import { listen } from '../host.mjs'

const recent = []

function note(req) {
  recent.push({ url: req.url, headers: { ...req.headers }, at: Date.now() })
  if (recent.length > 100) recent.shift()
}

listen(
  createServer((req, res) => {
    note(req)
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(recent.slice(-3)))
  }),
)
