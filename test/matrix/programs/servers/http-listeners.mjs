// node:http: every request leaves a listener behind, which holds its state.
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { listen } from '../host.mjs'

const bus = new EventEmitter().setMaxListeners(0)

function subscribe(url) {
  const state = { url, fields: new Array(180).fill(0) }
  bus.on('flush', () => {
    state.fields.fill(1)
  })
}

listen(
  createServer((req, res) => {
    subscribe(req.url)
    res.end('ok')
  }),
)
