// Programs whose rounds are the same work again and again, with a bounded amount kept alive.

/** The talk's benchmark: `[i for i in range(10000, 20000)]`, and nothing is kept. */
function ints() {
  const list = []
  for (let i = 10000; i < 20000; i++) list.push(i)
  return list.length
}

/** A JSON service: requests are parsed, looked up in a cache of bounded size, and answered. */
function service() {
  const cache = new Map()
  const requests = Array.from({ length: 50 }, (_, i) =>
    JSON.stringify({
      id: i,
      user: { name: `user ${i}`, roles: ['reader', 'writer'] },
      items: [1, 2, 3, 4, 5, i],
    }),
  )
  let n = 0
  return () => {
    let length = 0
    for (const text of requests) {
      const request = JSON.parse(text)
      const key = `${request.user.name}:${n++ % 500}`
      if (!cache.has(key))
        cache.set(key, { request, total: request.items.reduce((a, b) => a + b, 0), hits: 0 })
      const found = cache.get(key)
      found.hits++
      length += JSON.stringify({
        ok: true,
        total: found.total,
        hits: found.hits,
        user: found.request.user,
      }).length
    }
    return length
  }
}

/** A compiler's front: text into tokens, tokens into a tree, the tree walked. */
function parser() {
  const source = Array.from(
    { length: 40 },
    (_, i) => `let v${i} = (a${i} + ${i}) * f(b, ${i}, "text ${i}") - c / ${i + 1};`,
  ).join('\n')
  const tokens = text => {
    const found = []
    for (const match of text.matchAll(/\s+|([A-Za-z_]\w*)|(\d+)|("[^"]*")|(.)/g)) {
      const kind = match[1] ? 'name' : match[2] ? 'number' : match[3] ? 'string' : match[4] ? 'sign' : ''
      if (kind) found.push({ kind, text: match[0], at: match.index })
    }
    return found
  }
  const parse = list => {
    let at = 0
    const expression = () => {
      let left = term()
      while (at < list.length && '+-*/=,'.includes(list[at].text))
        left = { op: list[at++].text, left, right: term() }
      return left
    }
    const term = () => {
      const token = list[at++]
      if (token?.text !== '(') return { token, call: list[at]?.text === '(' ? term() : undefined }
      const inner = expression()
      at++
      return { inner }
    }
    const body = []
    while (at < list.length) {
      body.push(expression())
      at++
    }
    return body
  }
  const count = node =>
    node ? 1 + count(node.left) + count(node.right) + count(node.inner) + count(node.call) : 0
  return () => parse(tokens(source)).reduce((sum, node) => sum + count(node), 0)
}

/** A report: records are grouped, sorted and rendered as text. */
function report() {
  const records = Array.from({ length: 400 }, (_, i) => ({
    name: `item ${i % 37}`,
    group: `g${i % 11}`,
    price: (i * 7919) % 1000,
  }))
  return () => {
    const groups = new Map()
    for (const record of records)
      groups.set(record.group, [...(groups.get(record.group) ?? []), { ...record }])
    const lines = []
    for (const [group, members] of groups) {
      members.sort((a, b) => a.price - b.price || a.name.localeCompare(b.name))
      lines.push(`${group}: ${members.map(m => `${m.name} at ${m.price.toFixed(2)}`).join('; ')}`)
    }
    return lines.join('\n').length
  }
}

/** By name, each a function that makes the round. */
export const PROGRAMS = { ints: () => ints, service, parser, report }
