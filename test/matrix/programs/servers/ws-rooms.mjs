// ws: clients come and go; a room is there as long as somebody is in it.
import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import { serve } from '../host.mjs'

const rooms = new Map()

function join(socket, request) {
  const members = rooms.get(request.url) ?? new Set()
  rooms.set(request.url, members.add(socket))
  socket.on('message', data => {
    for (const member of members) member.send(String(data))
  })
  socket.on('close', () => {
    members.delete(socket)
    if (members.size === 0) rooms.delete(request.url)
  })
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
server.on('connection', join)
await once(server, 'listening')

serve(async i => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/room${i % 7}`)
  await once(client, 'open')
  client.send(`hello ${i}`)
  await once(client, 'message')
  client.close()
  await once(client, 'close')
})
