// ws: a chat server that keeps every message. The client is in the same process.
import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import { serve } from '../host.mjs'

const log = []

function onMessage(data) {
  const message = JSON.parse(String(data))
  log.push(message)
  this.send(String(log.length))
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
server.on('connection', socket => socket.on('message', onMessage))
await once(server, 'listening')
const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`)
await once(client, 'open')

const text = JSON.stringify({ from: 'a', to: Array.from({ length: 120 }, (_, k) => k + 0.5) })
serve(async () => {
  client.send(text)
  await once(client, 'message')
})
