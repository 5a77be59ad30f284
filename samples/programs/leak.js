// A service that leaks: every event is remembered and never forgotten, while a cache of bounded size churns beside it.
// node leak.js [rounds] : rounds of 20 ms; runs until it is stopped when none are given.
const rounds = process.argv[2] === undefined ? Number.POSITIVE_INFINITY : Number(process.argv[2])
const remembered = (globalThis.remembered = []) // alive to the very end
const cache = new Map()

function onEvent(i) {
  remember({ id: i, at: Date.now(), history: new Array(20).fill(i) })
}

function remember(event) {
  remembered.push({ event, seen: false })
}

function churn(i) {
  cache.set(i % 1000, { i, text: [i, i + 1, i + 2, i + 3] })
}

let round = 0
const timer = setInterval(() => {
  for (let i = 0; i < 500; i++) {
    onEvent(round * 500 + i)
    churn(round * 500 + i)
  }
  if (++round >= rounds) clearInterval(timer)
}, 20)
