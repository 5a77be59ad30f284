import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { main, root } from './support/cli.ts'

// Every page's `sh` blocks are run by bash and its `js` blocks by node, in order, in a folder of the page's own that has
// `samples/` and the built `tracemalloc`. Other blocks (`text`, `json`, `yaml`, `ts`) are only shown.

interface Block {
  language: string
  text: string
  line: number
}

const SHOWN = ['text', 'mermaid', 'json', 'yaml', 'ts', 'diff']
/** The README's set-up commands are what runs this test. */
const SETUP = /^npm ci && npm (start|test)$/

const pages = [
  ...['README.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
]
const folders: string[] = []

function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: Block | undefined
  for (const [i, line] of readFileSync(join(root, page), 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)\s*$/.exec(line)
    if (!fence) {
      if (open) open.text += `${line}\n`
    } else if (open) {
      blocks.push(open)
      open = undefined
    } else open = { language: fence[1], text: '', line: i + 1 }
  }
  return blocks
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracemalloc-docs-'))
  folders.push(folder)
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'bin'))
  symlinkSync(root, join(folder, 'node_modules', 'tracemalloc'))
  symlinkSync(join(root, 'samples'), join(folder, 'samples'))
  writeFileSync(
    join(folder, 'bin', 'tracemalloc'),
    `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`,
    {
      mode: 0o755,
    },
  )
  return folder
}

function run(block: Block, folder: string, n: number): { status: number | null; output: string } {
  const file = join(folder, block.language === 'js' ? `snippet-${n}.mjs` : `block-${n}.sh`)
  const setup = block.text.split('\n').filter(line => SETUP.test(line))
  const text = block.text
    .split('\n')
    .filter(line => !setup.includes(line))
    .join('\n')
  writeFileSync(file, text)
  const [command, args] = block.language === 'js' ? [process.execPath, [file]] : ['bash', ['-eu', file]]
  const result = spawnSync(command as string, args as string[], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
  })
  return { status: result.status, output: `${result.stdout}${result.stderr}` }
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe.each(pages)('%s', page => {
  const blocks = blocksOf(page)
  const folder = makeFolder()

  it('has only blocks of known languages', () => {
    for (const { language, line } of blocks) {
      expect(['sh', 'js', ...SHOWN], `${page}:${line}`).toContain(language)
    }
  })

  for (const [n, block] of blocks.entries()) {
    if (!['sh', 'js'].includes(block.language)) continue
    it(`line ${block.line}`, { timeout: 150_000 }, () => {
      const { status, output } = run(block, folder, n)
      expect(status, output).toBe(0)
    })
  }
})
