// One function, many lines: which of them holds the memory? lines.py is the same program in Python, line by line.
const store = []

class Point {
  constructor(x, y) {
    this.x = x
    this.y = y
  }
}

function load(count) {
  for (let i = 0; i < count; i++) {
    const point = new Point(i + 0.5, i)
    const name = `point number ${i} of the series`
    const history = Array.from({ length: 20 }, () => i)
    const entry = { point, name }
    store.push([entry, history])
  }
}

load(20_000)
