import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { redact, redactFilename } from '../../src/transform/redact.ts'
import { checkSnapshot } from '../support/check-snapshot.ts'
import { sampledMeta, snapshotOf } from '../support/snapshots.ts'

const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

describe('redactFilename', () => {
  it.each([
    ['/home/ann/app/src/x.ts', 'x.ts'],
    ['C:\\Users\\ann\\app\\x.ts', 'x.ts'],
    ['src/x.ts', 'x.ts'],
    ['x.ts', 'x.ts'],
    ['file:///home/ann/x.mjs', 'x.mjs'],
    ['https://host.example:8080/js/x.js?token=secret#a/b', 'x.js'],
    ['https://user:pass@host.example/js/x.js', 'x.js'],
    ['https://host.example/', '(index)'],
    ['https://host.example', '(index)'],
    ['https://host.example/secret-app/', 'secret-app'],
    ['/src/x.ts?path=/home/ann/y.ts', 'x.ts'],
    ['/home/ann/c#/x.js', 'x.js'],
    ['blob:https://host.example/1234-5678', '1234-5678'],
    ['webpack://app/./src/x.ts?1a2b', 'x.ts'],
    ['data:text/javascript,let secret = 1', 'data:'],
    ['</home/ann>', 'ann>'],
  ])('%s', (filename, base) => expect(redactFilename(filename, 'base')).toBe(base))

  it.each([
    '',
    '<native>',
    '<v8>',
    '<eval:12>',
    'node:fs',
    'node:internal/fs/utils',
    'evalmachine.<anonymous>',
  ])('%s stays', filename => {
    expect(redactFilename(filename, 'base')).toBe(filename)
    expect(redactFilename(filename, 'hash')).toBe(filename)
  })

  it('hashes the whole name without its query, and keeps the extension', () => {
    expect(redactFilename('/home/ann/x.ts', 'hash')).toBe(`${digits('/home/ann/x.ts')}.ts`)
    expect(redactFilename('https://h/x.js?a=1', 'hash')).toBe(`${digits('https://h/x.js')}.js`)
    expect(redactFilename('https://h/x.js?a=2', 'hash')).toBe(`${digits('https://h/x.js')}.js`)
    expect(redactFilename('https://h.example', 'hash')).toBe(digits('https://h.example'))
    expect(redactFilename('data:text/javascript,a.secret', 'hash')).toBe(
      digits('data:text/javascript,a.secret'),
    )
  })
})

describe('redact', () => {
  const meta = {
    ...sampledMeta,
    pid: 42,
    isolate: 'https://host.example/inbox of Ann',
    name: '/home/ann/a',
    session: 's1',
    notes: ['read from /home/ann/a.heapprofile, twice'],
  }
  const snapshot = snapshotOf(
    '10 1: main@/home/ann/a/x.js:1 > node:fs:3\n20 2: load (/home/ann/a/y.js@/home/ann/b/x.js:1',
    meta,
  )
  it('leaves nothing that tells where it was', () => {
    for (const how of ['base', 'hash'] as const) {
      const [redacted] = redact([snapshot], how)
      checkSnapshot(redacted)
      const { strings } = redacted.tables
      const all =
        Array.from({ length: strings.length }, (_, i) => strings.get(i)).join('\n') +
        JSON.stringify(redacted.meta)
      expect(all).not.toMatch(/ann|host\.example|42/i)
      expect(redacted.total).toEqual(snapshot.total)
      expect(redacted.meta).toMatchObject({ session: 's1', interval: 1024 })
      expect(redacted.meta.notes?.at(-1)).toBe(`file names are redacted (${how})`)
    }
  })
  it('keeps files apart by hash, and does not by base name', () => {
    const files = (how: 'base' | 'hash') => redact([snapshot], how)[0].statistics('filename').length
    expect(files('base')).toBe(2) // x.js and node:fs
    expect(files('hash')).toBe(2)
    const two = snapshotOf('1 1: /a/x.js:1\n2 1: /b/x.js:1')
    expect(redact([two], 'base')[0].statistics('filename')).toHaveLength(1)
    expect(redact([two], 'hash')[0].statistics('filename')).toHaveLength(2)
  })
  it('still compares', () => {
    const old = snapshotOf('10 1: /home/ann/x.js:1')
    const now = snapshotOf('15 1: /home/ann/x.js:1')
    const [a, b] = [redact([old], 'hash')[0], redact([now], 'hash')[0]]
    expect(b.compareTo(a, 'lineno')[0].sizeDiff).toBe(5)
  })
  it('keeps plain isolates', () => {
    for (const isolate of ['main', 'worker 3'])
      expect(redact([snapshotOf('1 1: x.js:1', { ...meta, isolate })], 'base')[0].meta.isolate).toBe(isolate)
  })
})
