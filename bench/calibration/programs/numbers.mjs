// Numbers: matrices, a graph with distances, a heap queue, a memo table, sorted copies.

function matrix(n, f) {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => f(i, j)))
}

function multiply(a, b) {
  return matrix(a.length, (i, j) => a[i].reduce((sum, value, k) => sum + value * b[k][j], 0))
}

class Queue {
  items = []
  push(key, value) {
    this.items.push({ key, value })
    this.items.sort((a, b) => b.key - a.key)
  }
  pop() {
    return this.items.pop()
  }
}

function distances(edges, from) {
  const found = new Map([[from, 0]])
  const queue = new Queue()
  queue.push(0, from)
  for (let next = queue.pop(); next; next = queue.pop()) {
    for (const { to, length } of edges.get(next.value) ?? []) {
      const distance = next.key + length
      if (distance < (found.get(to) ?? Infinity)) {
        found.set(to, distance)
        queue.push(distance, to)
      }
    }
  }
  return found
}

export async function run() {
  const edges = new Map()
  for (let i = 0; i < 400; i++) {
    edges.set(
      i,
      [1, 7, 31].map(step => ({ to: (i * 3 + step) % 400, length: ((i * step) % 17) + 0.25 })),
    )
  }
  const state = { edges, found: [], matrices: [], memo: {}, sorted: [] }
  for (let i = 0; i < 12; i++) {
    state.found.push(distances(edges, i))
    state.matrices.push(
      multiply(
        matrix(24, (x, y) => x - y / 3),
        matrix(24, (x, y) => x * y + i),
      ),
    )
    for (let k = 0; k < 300; k++) state.memo[`${i}:${k}`] = { k, square: k * k * 1.5, text: String(k / 7) }
    state.sorted.push(
      [...Array(500).keys()].map(k => ({ k, order: (k * 7919) % 500 })).sort((a, b) => a.order - b.order),
    )
    await new Promise(resolve => setImmediate(resolve))
  }
  return state
}
