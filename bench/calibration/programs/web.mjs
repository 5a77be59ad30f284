// A web server and its clients on the loopback: sessions, a cache of pages, carts posted as JSON, a log.

import http from 'node:http'

function markup(text) {
  return text.replace(/[<>&]/g, c => `&#${c.charCodeAt(0)};`)
}

function page(key) {
  const rows = Array.from({ length: 8 }, (_, i) => ({ name: `${key}-${i}`, price: i * 3 }))
  return `<h1>${markup(key)}</h1><ul>${rows.map(row => `<li>${markup(row.name)} ${row.price}</li>`).join('')}</ul>`
}

function sessionOf(sessions, id) {
  let session = sessions.get(id)
  if (!session) sessions.set(id, (session = { id, hits: 0, last: null, cart: [] }))
  session.hits++
  session.last = new Date(1e12 + session.hits)
  return session
}

function cached(cache, key) {
  let text = cache.get(key)
  if (!text) {
    cache.set(key, (text = page(key)))
    if (cache.size > 150) cache.delete(cache.keys().next().value)
  }
  return text
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

async function handle(state, request, response) {
  const url = new URL(request.url, 'http://localhost')
  const user = Number(url.searchParams.get('user'))
  const session = sessionOf(state.sessions, `u${user % 200}`)
  if (request.method === 'POST') {
    const { item, quantity } = await bodyOf(request)
    session.cart.push({ item, quantity, from: { source: 'web', tags: [`a${quantity}`] } })
    if (session.cart.length > 20) session.cart.shift()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ length: session.cart.length }))
  } else {
    const text = cached(state.cache, `page ${(user * 7) % 400}`)
    state.log.push({ user, length: text.length, start: text.slice(0, 40) })
    if (state.log.length > 500) state.log.splice(0, 100)
    response.end(text)
  }
}

function ask(port, agent, method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', agent, method, path }, response => {
      let length = 0
      response.on('data', chunk => (length += chunk.length))
      response.on('end', () => resolve(length))
    })
    request.on('error', reject)
    request.end(body)
  })
}

export async function run() {
  const state = { sessions: new Map(), cache: new Map(), log: [] }
  state.server = http.createServer((request, response) => handle(state, request, response))
  state.server.keepAliveTimeout = 600_000 // connections stay open, however slow the machine
  await new Promise(resolve => state.server.listen(0, '127.0.0.1', resolve))
  const { port } = state.server.address()
  state.agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
  let next = 0
  const client = async () => {
    while (next < 900) {
      const i = next++
      if (i % 3 > 0) await ask(port, state.agent, 'GET', `/page?user=${i}`)
      else {
        const body = JSON.stringify({ item: `item ${i}`, quantity: i % 9 })
        await ask(port, state.agent, 'POST', `/cart?user=${i}`, body)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  return state
}
