// Small files that need a lot of memory are refused, with any heap, before V8 ends the process; what is read in pieces is read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliResult, cli } from '../support/cli.ts'

const SPEEDSCOPE =
  '{"$schema":"https://www.speedscope.app/file-format-schema.json","profiles":[],"shared":{"frames":['
const FIREFOX = '{"meta":{"preprocessedProfileVersion":50},"threads":['
const SNAPSHOT = '{"snapshot":1,"meta":['

const SAMPLES = SPEEDSCOPE.replace('"profiles":[],', '').concat(
  '{"name":"a"}]},"profiles":[{"unit":"bytes","type":"sampled","samples":[[',
)
const PROFILES = SPEEDSCOPE.replace('[],"shared":{"frames":', '')
const STACKS =
  '{"meta":{"preprocessedProfileVersion":50},"threads":[{"nativeAllocations":null,"stackTable":{"prefix":['

/** 60 MB each, most of them of one value again and again, and how they are refused. */
const FILES: Record<string, [head: string, unit: string, code: string]> = {
  'objects.speedscope.json': [SPEEDSCOPE, '{},', 'malformed'],
  'arrays.speedscope.json': [SPEEDSCOPE, '[],', 'malformed'],
  'texts.speedscope.json': [SPEEDSCOPE, '"a",', 'malformed'],
  'frames.speedscope.json': [SPEEDSCOPE, '{"name":"a"},', 'truncated'],
  'one-stack.speedscope.json': [SAMPLES, '0,', 'too-large'],
  'profiles.speedscope.json': [
    PROFILES,
    '{"unit":"bytes","type":"sampled","samples":[],"weights":[]},',
    'too-large',
  ],
  'objects.profile.json': [FIREFOX, '{},', 'too-large'],
  'numbers.profile.json': [FIREFOX, '1.5,', 'malformed'],
  'stacks.profile.json': [STACKS, '0,', 'truncated'],
  'texts.profile.json': [FIREFOX.concat('{"stringArray":['), '"a",', 'too-large'],
  'line.ndjson': [SNAPSHOT, '{},', 'too-large'],
  'line.folded': ['a;', 'b;', 'too-large'],
}

/** Ends with the memory that the command took, in MB. */
const PRELOAD = `data:text/javascript,process.on('exit',()=>process._rawDebug(process.resourceUsage().maxRSS/1024))`

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-large-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function top(path: string, heap: number): Promise<CliResult & { memory: number }> {
  const NODE_OPTIONS = `--max-old-space-size=${heap} --import "${PRELOAD}"`
  const result = await cli(['top', path], { env: { NODE_OPTIONS } })
  return { ...result, memory: Number(/([\d.]+)\s*$/.exec(result.stderr)?.[1]) }
}

describe.each(Object.entries(FILES))('%s', (name, [head, unit, code]) => {
  it('is refused, compressed or not', { timeout: 300_000 }, async () => {
    const bytes = Buffer.from(head + unit.repeat(60_000_000 / unit.length))
    const path = join(folder, name)
    writeFileSync(path, bytes)
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 1 }))
    for (const [file, heap] of [
      [`${path}.gz`, 64],
      [`${path}.gz`, 4096],
      [path, 64],
    ] as const) {
      const { status, stderr, memory } = await top(file, heap)
      expect(status, `${file} ${heap}: ${stderr}`).toBe(3)
      expect(stderr).toMatch(new RegExp(`^tracemalloc: .*${code}: .*\\n[^\\n]*\\n$`))
      expect(memory).toBeLessThan(200)
    }
    rmSync(path)
  })
})

it('names of a file read in pieces that do not fit are refused too, and what fits is read', {
  timeout: 300_000,
}, async () => {
  const names = Array.from({ length: 1_500_000 }, (_, i) => `function${i} 1\n`).join('')
  const path = join(folder, 'names.folded')
  writeFileSync(path, names)
  const { status, stderr } = await top(path, 64)
  expect(status, stderr).toBe(3)
  expect(stderr).toMatch(/^tracemalloc: .*too-large: it needs more than .* that Node may use/)
  writeFileSync(`${path}.gz`, gzipSync('a;b;c 1\n'.repeat(2_000_000)))
  const fits = await top(`${path}.gz`, 64)
  expect(fits.status, fits.stderr).toBe(0)
  expect(fits.stdout).toMatch(/1953 KiB/)
})
