// Runs cases, each given as two texts, and prints as JSON what each of them logged. Any version of Node runs this.
const { readFileSync } = require('node:fs')
const { inspect } = require('node:util')
const vm = require('node:vm')

/** Runs one text as a module of its kind. Resolves to what it logged, a line each. */
async function run({ text, type }, name) {
  const lines = []
  const log = (...values) => {
    lines.push(
      values.map(value => inspect(value, { depth: 8, breakLength: Number.POSITIVE_INFINITY })).join(' '),
    )
    return values[0]
  }
  try {
    if (type === 'module') {
      globalThis.log = log
      await import(`data:text/javascript,${encodeURIComponent(`const log = globalThis.log;${text}`)}`)
    } else {
      const module = { exports: {} }
      const params = ['exports', 'require', 'module', '__filename', '__dirname', 'log']
      const options = {
        filename: name,
        importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      }
      const body = vm.compileFunction(text, params, options)
      await body.call(module.exports, module.exports, require, module, name, '', log)
    }
  } catch (error) {
    lines.push(`throws ${error?.name}: ${error?.message}`)
  }
  return lines
}

process.removeAllListeners('warning')

async function main() {
  const cases = JSON.parse(readFileSync(0, 'utf8'))
  const results = []
  for (const { name, type, before, after } of cases)
    results.push([
      await run({ text: before, type }, `${name}.js`),
      await run({ text: after, type }, `${name}.js`),
    ])
  process.stdout.write(JSON.stringify(results))
}

main()
