// Texts: lines of a log kept as they are, cut, joined, padded and escaped; addresses taken apart; templates filled in; words counted.

const WORDS =
  'the quick brown fox jumps over a lazy dog while seven wizards quietly mix boxes of jam and liquor'.split(
    ' ',
  )

let seed = 99
const random = n => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n

function sentence(length) {
  const words = []
  for (let i = 0; i < length; i++) words.push(WORDS[random(WORDS.length)])
  return words.join(' ')
}

function line(i) {
  const fields = [new Date(1e12 + i * 977).toISOString(), ['INFO', 'WARN'][i % 2], `job-${i % 31}`]
  return `${fields.join(' ')} ${sentence(2 + random(24))}`
}

function parse(text) {
  const [at, level, job, ...words] = text.split(' ')
  return { at, level, job, message: words.join(' '), raw: text }
}

function address(i) {
  const url = new URL(
    `https://host${i % 50}.example.org/${sentence(3).replaceAll(' ', '/')}?q=${i}&lang=en#${i}`,
  )
  return { host: url.hostname, parts: url.pathname.split('/'), query: Object.fromEntries(url.searchParams) }
}

function letter(i) {
  const body = Array.from({ length: 1 + random(6) }, () => `<p>${sentence(4 + random(30))}</p>`).join('\n')
  return `<article id="${i}">\n${body}\n</article>`.trim()
}

function count(counts, text) {
  for (const word of text.toLowerCase().match(/[a-z]+/g)) counts.set(word, (counts.get(word) ?? 0) + 1)
}

export async function run() {
  const state = { entries: [], heads: [], addresses: [], letters: new Map(), bodies: [], counts: new Map() }
  for (let i = 0; i < 3000; i++) {
    const text = line(i)
    state.entries.push(parse(text))
    count(state.counts, text)
    if (i % 2 === 0) state.heads.push(text.slice(11, 60 + random(40)).padEnd(100))
    if (i % 3 === 0) state.addresses.push(address(i))
    if (i % 4 === 0) state.letters.set(`letter ${i}`, letter(i))
    if (i % 5 === 0) state.bodies.push(JSON.stringify(state.entries.at(-1)))
    if (i % 500 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  return state
}
