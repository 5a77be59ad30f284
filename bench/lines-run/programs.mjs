// Programs of which most work is in packages: each returns a function that does one round of the same work.

const text = Array.from(
  { length: 60 },
  (_, i) => `## Part ${i}\n\nSome *words* with a [link](/x/${i}) and \`code\`.\n\n- one\n- two ${i}\n`,
).join('\n')
const source = Array.from(
  { length: 80 },
  (_, i) =>
    `export function f${i}(a, b = ${i}) { const c = [a, b]; return c.map(x => ({ x, y: \`\${x}\` })) }`,
).join('\n')

export const PROGRAMS = {
  async acorn() {
    const { parse } = await import('acorn')
    return () => parse(source, { ecmaVersion: 'latest', sourceType: 'module' }).body.length
  },
  async marked() {
    const { marked } = await import('marked')
    return () => marked.parse(text).length
  },
  async lodash() {
    const { default: _ } = await import('lodash')
    const rows = Array.from({ length: 500 }, (_, i) => ({ id: i, group: i % 7, name: `n${i % 50}` }))
    return () => {
      const groups = _.groupBy(rows, 'group')
      const all = _.flatMap(groups, group => _.sortBy(group, ['name', 'id']).map(row => _.pick(row, 'id')))
      return _.cloneDeep(all).length + Object.keys(_.keyBy(rows, 'name')).length
    }
  },
  async handlebars() {
    const { default: handlebars } = await import('handlebars')
    const page = handlebars.compile(
      '{{#each rows}}<p class="{{id}}">{{name}} {{#if odd}}!{{/if}}</p>{{/each}}',
    )
    const rows = Array.from({ length: 200 }, (_, i) => ({ id: i, name: `<n${i}>`, odd: i % 2 }))
    return () => page({ rows }).length
  },
  async express() {
    const { default: express } = await import('express')
    const { get } = await import('node:http')
    const app = express().use((request, _, next) => {
      request.seen = [request.url]
      next()
    })
    app.get('/:id', (request, response) => response.json({ id: request.params.id, seen: request.seen }))
    const server = app.listen(0)
    server.unref()
    const { port } = server.address()
    const one = i =>
      new Promise(resolve => get({ port, path: `/${i}` }, answer => answer.resume().on('end', resolve)))
    return async () => {
      for (let i = 0; i < 40; i++) await one(i)
    }
  },
}
