// Runs the language tests of test262, from a folder with a copy, untouched and rewritten, and compares:
// `npm run lines:test262 FOLDER [EVERY_NTH]`. Prints what came out otherwise; ends with 1 if anything did.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import vm from 'node:vm'
import { rewrite } from '../../src/lines/rewrite.ts'

interface Test {
  readonly path: string
  readonly source: string
  readonly flags: readonly string[]
  readonly includes: readonly string[]
  readonly isNegative: boolean
}

const [folder, nth = '1'] = process.argv.slice(2)

function words(head: string, name: string): string[] {
  const list = new RegExp(`^${name}: *\\[([^\\]]*)\\]`, 'm').exec(head)?.[1]
  return list === undefined ? [] : list.split(',').map(word => word.trim())
}

function read(path: string): Test {
  const source = readFileSync(path, 'utf8')
  const head = /\/\*---([\s\S]*?)---\*\//.exec(source)?.[1] ?? ''
  const isNegative = /^negative:/m.test(head)
  return { path, source, flags: words(head, 'flags'), includes: words(head, 'includes'), isNegative }
}

const harness = new Map<string, vm.Script>()

function harnessScript(name: string): vm.Script {
  let script = harness.get(name)
  if (script === undefined) {
    script = new vm.Script(readFileSync(join(folder!, 'harness', name), 'utf8'), { filename: name })
    harness.set(name, script)
  }
  return script
}

/** What comes of a script: `ok`, or the error's name. */
async function outcome(text: string, { includes, flags }: Test): Promise<string> {
  const context = vm.createContext({})
  const isAsync = flags.includes('async')
  let done: (result: string) => void = () => {}
  const ended = new Promise<string>(resolve => {
    done = resolve
  })
  context.print = (message: unknown) => done(String(message))
  context.$262 = {
    global: vm.runInContext('this', context),
    evalScript: (code: string) => vm.runInContext(code, context),
  }
  try {
    const names = ['assert.js', 'sta.js', ...includes, ...(isAsync ? ['doneprintHandle.js'] : [])]
    for (const name of names) harnessScript(name).runInContext(context)
    vm.runInContext(text, context, { timeout: 5000 })
    if (!isAsync) return 'ok'
    const late = new Promise<string>(resolve => setTimeout(resolve, 1000, 'late').unref())
    return await Promise.race([ended, late])
  } catch (error) {
    return `${(error as Error)?.name ?? error}: ${(error as Error)?.message?.slice(0, 80)}`
  }
}

const SKIPPED = ['module', 'raw', 'CanBlockIsFalse']

async function main(): Promise<void> {
  process.on('unhandledRejection', () => {})
  const base = join(folder!, 'test/language')
  const files = readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter(
      file =>
        file.endsWith('.js') && !file.includes('_FIXTURE') && !/^(module-code|import|export)\b/.test(file),
    )
    .sort()
    .filter((_, index) => index % Number(nth) === 0)
  const total = { run: 0, rewritten: 0, same: 0, different: 0, reasons: 0 }
  for (const file of files) {
    const test = read(join(base, file))
    if (test.isNegative || test.flags.some(flag => SKIPPED.includes(flag))) continue
    const modes = test.flags.includes('noStrict')
      ? ['']
      : test.flags.includes('onlyStrict')
        ? ['"use strict";']
        : ['', '"use strict";']
    for (const mode of modes) {
      const source = mode + test.source
      total.run++
      const result = rewrite(source, { sourceType: 'script' })
      if ('reason' in result) total.reasons++
      else if (result.sites > 0) {
        total.rewritten++
        const [before, after] = [await outcome(source, test), await outcome(result.text, test)]
        const isSame =
          before === after || (before !== 'ok' && after !== 'ok' && !test.flags.includes('async'))
        if (isSame) total.same++
        else {
          total.different++
          console.log(`${file}${mode && ' (strict)'}: ${before} -> ${after}`)
        }
      }
    }
  }
  console.log(total)
  process.exitCode = total.different > 0 ? 1 : 0
}

await main()
