// An in-memory service: users, sessions with events, a log ring, subscriptions, cached tables, an inverted index, a queue.

let seed = 12345
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff

class User {
  constructor(id) {
    this.id = id
    this.name = `user-${id}`
    this.preferences = { theme: 'dark', language: 'en', weight: id * 1.5 }
    this.events = []
  }
}

class Ring {
  constructor(length) {
    this.length = length
    this.lines = []
    this.at = 0
  }
  add(line) {
    if (this.lines.length < this.length) this.lines.push(line)
    else this.lines[(this.at = (this.at + 1) % this.length)] = line
  }
}

function userOf(users, id) {
  let user = users.get(id)
  if (!user) users.set(id, (user = new User(id)))
  return user
}

function parseEvent(i) {
  return JSON.parse(
    `{"kind":${i % 97},"value":${random()},"tags":["t${i % 13}","s${i % 7}"],"context":{"at":${i},"next":null}}`,
  )
}

function log(ring, user, event) {
  ring.add(`${user.name}|${event.kind}|${event.value.toFixed(3)}|${'x'.repeat(event.kind % 17)}`)
}

function subscribe(subscribers, user) {
  subscribers.push(() => user.name.length)
}

function table(length) {
  const values = new Array(length)
  for (let i = 0; i < length; i++) values[i] = i * 0.5
  return values
}

function cacheTable(cache, i) {
  const key = `table ${i % 40}`
  if (!cache[key] || i % 160 === 0) cache[key] = table(64 + ((i * 37) % 4000))
}

function index(words, event) {
  for (const tag of event.tags) {
    let set = words.get(tag)
    if (!set) words.set(tag, (set = new Set()))
    set.add(event.context.at % 3000)
  }
}

export async function run() {
  const state = {
    users: new Map(),
    ring: new Ring(4000),
    subscribers: [],
    cache: {},
    words: new Map(),
    queue: [],
  }
  for (let i = 0; i < 16000; i++) {
    const event = parseEvent(i)
    const user = userOf(state.users, Math.floor(random() * 3000))
    user.events.push(event)
    if (user.events.length > 6) user.events.shift()
    log(state.ring, user, event)
    if (i % 10 === 0) subscribe(state.subscribers, user)
    if (i % 20 === 0) cacheTable(state.cache, i)
    index(state.words, event)
    state.queue.push({ at: i, event })
    if (state.queue.length > 800) state.queue.splice(0, 200)
    if (i % 500 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  return state
}
