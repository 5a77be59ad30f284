// Identical work without growth: every round allocates, keeps and forgets the same amount.
// node steady.js [rounds] : rounds of 20 ms; runs until it is stopped when none are given.
const rounds = process.argv[2] === undefined ? Number.POSITIVE_INFINITY : Number(process.argv[2])
const ring = Array.from({ length: 50 }, () => batch(0))

function batch(round) {
  return Array.from({ length: 200 }, (_, i) => ({ i, round, text: [i, round, 0, 0] }))
}

function parse(round) {
  return JSON.parse(JSON.stringify({ round, list: [1, 2, 3, 4, 5, 6, 7, 8] }))
}

let round = 0
const timer = setInterval(() => {
  ring[round % ring.length] = batch(round)
  for (let i = 0; i < 100; i++) parse(round)
  if (++round >= rounds) clearInterval(timer)
}, 20)
