// Programs of the matrix print the same when all of their files are rewritten, packages too. One program of each folder a day;
// LINES=all tries them all.
import { type ChildProcess, spawn } from 'node:child_process'
import { get } from 'node:http'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { PROGRAMS } from '../matrix/programs.ts'
import { main, root } from '../support/cli.ts'
import { folder, it, NEWEST, OLDEST } from '../support/nodes.ts'

const files = PROGRAMS.map(({ file }) => file).filter(file => file.endsWith('.mjs'))
const today = Math.floor(Date.now() / 86_400_000)
const ofToday = ['servers', 'jobs', 'caches', 'text'].map(name => {
  const own = files.filter(file => file.startsWith(name))
  return own[today % own.length]
})

/** Answers of a server: without ports and times, which differ from run to run. */
const plain = (text: string) => text.replace(/\d+\.\d+ ?ms|:\d{4,5}\b|\b\d{12,}\b|\b[\da-f]{8,}\b/g, '#')

/** What a program prints or answers for some units of work; it is ended then. */
async function output(child: ChildProcess): Promise<string> {
  let text = ''
  let errors = ''
  let work: Promise<void> | undefined
  child.stdin!.on('error', () => {}) // it may have died
  child.stderr!.on('data', data => (errors += data))
  child.stdout!.on('data', data => {
    text += data
    const port = /^port (\d+)\n/.exec(text)?.[1]
    const lines = text.split('\n').length
    if (port !== undefined)
      work ??= answers(Number(port)).then(all => {
        text = all
        child.kill()
      })
    else if (lines < 5) child.stdin!.write('50\n')
    else child.kill()
  })
  const [code, signal] = await new Promise<unknown[]>(end => child.on('close', (...status) => end(status)))
  await work
  const own = errors
    .split('\n')
    .filter(line => !/^tracemalloc: (wrote|only)|traced memory|: size=|^$/.test(line))
  return plain(`${text}\n${own.join('\n')}\n${code} ${signal}`)
}

async function answers(port: number): Promise<string> {
  let all = ''
  for (let i = 0; i < 60; i++)
    all += await new Promise<string>(resolve =>
      get({ host: '127.0.0.1', port, path: `/?i=${i}` }, answer => {
        let text = `${answer.statusCode} `
        answer
          .setEncoding('utf8')
          .on('data', data => (text += data))
          .on('end', () => resolve(`${text}\n`))
      }).on('error', error => resolve(error.message)),
    )
  return all
}

describe.concurrent.each(process.env.LINES === 'all' ? files : ofToday)('%s', file => {
  it('prints the same when it is rewritten', async () => {
    const program = join(root, 'test/matrix/programs', file)
    const node = today % 2 === 0 ? OLDEST : NEWEST
    const dir = folder()
    const start = (args: string[]) =>
      spawn(node, args, { env: { ...process.env, XDG_CACHE_HOME: join(dir, 'cache') }, timeout: 300_000 })
    const rewritten = await output(start([main, 'run', '--lines=all', '--out', dir, program]))
    expect(rewritten).toBe(await output(start([program])))
  })
})
