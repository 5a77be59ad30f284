// Sockets: a line protocol over many open connections, with emitters, timers, abort signals, message channels and stored contexts.

import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'

const storage = new AsyncLocalStorage()

class Room extends EventEmitter {
  members = new Map()
  join(name, socket) {
    const heard = text => socket.write(`${name}: ${text}\n`)
    this.on('text', heard)
    this.members.set(name, { socket, heard, since: process.hrtime.bigint() })
  }
}

function serve(rooms, socket) {
  const lines = createInterface({ input: socket })
  const state = { room: undefined, lines: 0 }
  lines.on('line', line => {
    state.lines++
    const [word, name, text] = line.split(' ')
    if (word === 'join') {
      if (!rooms.has(name)) rooms.set(name, new Room().setMaxListeners(50))
      state.room = rooms.get(name)
      state.room.join(text, socket)
    } else state.room.emit('text', text)
    socket.write('ok\n')
  })
  return { lines, state }
}

async function client(port, i) {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const heard = []
  socket.setEncoding('utf8').on('data', data => heard.push(data))
  socket.write(`join room${i % 7} user${i}\n`)
  if (i % 5 === 0) socket.write(`say room${i % 7} hello-from-${i}\n`)
  await new Promise(resolve => setImmediate(resolve))
  return { socket, heard }
}

async function job(i) {
  const abort = new AbortController()
  abort.signal.addEventListener('abort', () => {})
  const timer = setTimeout(() => abort.abort(), 1e6 + i).unref()
  const { size, mtime } = await stat(fileURLToPath(import.meta.url))
  const text = i % 20 === 0 ? await readFile(fileURLToPath(import.meta.url), 'utf8') : ''
  return storage.run({ i, size }, () => ({ abort, timer, mtime, text, through: new PassThrough() }))
}

export async function run() {
  const state = { rooms: new Map(), served: [], clients: [], jobs: [], channels: [] }
  state.server = net.createServer(socket => state.served.push(serve(state.rooms, socket)))
  await new Promise(resolve => state.server.listen(0, '127.0.0.1', resolve))
  for (let i = 0; i < 120; i++) state.clients.push(await client(state.server.address().port, i))
  for (let i = 0; i < 300; i++) state.jobs.push(await job(i))
  for (let i = 0; i < 50; i++) state.channels.push(new MessageChannel())
  return state
}
