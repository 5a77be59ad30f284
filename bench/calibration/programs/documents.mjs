// Documents: a tree of elements from text, rendered to strings, with listeners, promises and weak references.

class Element {
  #listeners = new Map()
  constructor(name, parent) {
    this.name = name
    this.parent = parent
    this.children = []
    this.attributes = Object.create(null)
  }
  on(event, listener) {
    const list = this.#listeners.get(event) ?? []
    list.push(listener)
    this.#listeners.set(event, list)
    return () => list.splice(list.indexOf(listener), 1)
  }
}

class Text {
  constructor(text, parent) {
    this.text = text
    this.parent = parent
  }
}

function* lines(n) {
  for (let i = 0; i < n; i++)
    yield `${'#'.repeat(i % 4)} line ${i} of *text* with [link ${i}](http://example.com/${i % 50})`
}

function build(root, line, i) {
  const element = new Element(line.startsWith('#') ? `h${line.lastIndexOf('#') + 1}` : 'p', root)
  element.attributes.id = `line-${i}`
  for (const word of line.split(' ')) element.children.push(new Text(word, element))
  root.children.push(element)
  return element
}

export async function run() {
  const state = { roots: [], off: [], weak: [], rendered: new Map(), pending: [] }
  for (let d = 0; d < 8; d++) {
    const root = new Element('root', null)
    let i = 0
    for (const line of lines(250)) {
      const element = build(root, line, i++)
      if (i % 3 === 0) state.off.push(element.on('click', () => element.name.length + d))
      if (i % 5 === 0) state.weak.push(new WeakRef(element))
      if (i % 7 === 0) state.pending.push(Promise.resolve(element).then(e => ({ name: e.name, d })))
    }
    state.roots.push(root)
    state.rendered.set(
      d,
      root.children.map(e => `<${e.name}>${e.children.map(t => t.text).join(' ')}</${e.name}>`),
    )
    await new Promise(resolve => setImmediate(resolve))
  }
  state.done = await Promise.all(state.pending)
  return state
}
