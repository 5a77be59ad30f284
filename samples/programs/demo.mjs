// The demo behind `npm start`: a leaking program runs traced, two snapshots are taken, then what holds the memory and what grew.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist', 'src', 'cli', 'main.js')
const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

function tracemalloc(args, shown = args, quiet = false) {
  console.log(`\n$ tracemalloc ${shown.join(' ')}`)
  const { status } = spawnSync(process.execPath, [main, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', quiet ? 'ignore' : 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
}

const run = ['run', '--every', '2', 'samples/programs/leak.js', '200']
tracemalloc(['run', '--out', folder, ...run.slice(1)], run, true)
const [first, ...later] = readdirSync(folder)
  .filter(name => name.endsWith('.pb.gz'))
  .sort()
const last = later.at(-1)
tracemalloc(['top', join(folder, last), '--limit', '5', '--format', 'text'], ['top', last, '--limit', '5'])
tracemalloc(['diff', join(folder, first), join(folder, last), '--limit', '5', '--format', 'text'], ['diff', first, last, '--limit', '5'])
