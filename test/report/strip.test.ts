import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../src/bytes/source.ts'
import { stripFacts, stripView } from '../../src/report/privacy.ts'
import { snapshotOf } from '../support/snapshots.ts'

const view = (text: string, size?: number, holds?: string[], host?: string) =>
  stripView(bytesSource(new TextEncoder().encode(text), 'x', size ?? 7).chunks(), [], holds, host)

describe('stripView', () => {
  it('finds hosts, whatever is around them', async () => {
    const text = `"url":"https://a.example/x.js" ws://user:pass@b.example:80/ http:\\/\\/c.example\\/y
      https://[::1]:9229/ HTTP://A.EXAMPLE blob:https://d.example/1 https://müller.example/x`
    for (const size of [1, 7, 4096]) {
      const { hostNames } = await view(text, size)
      expect(hostNames).toMatchObject({ held: 'scan', found: 6 })
      expect(hostNames.examples).toEqual(['a.example', 'b.example', 'c.example'])
    }
  })
  it('finds hosts at the borders of pieces of a long file, once each', async () => {
    const text = Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}http://host${i % 50}.example/`).join(
      '',
    )
    for (const size of [1, 7, 4096]) expect((await view(text, size)).hostNames.found).toBe(50)
  })
  it('finds this machine’s name', async () => {
    expect((await view('taken on web-07.', 7, [], 'web-07')).hostNames.examples).toEqual(['web-07'])
    expect((await view('a b c', 7, [], 'b')).hostNames.held).toBe('none') // too short to mean anything
  })
  it('finds users', async () => {
    const { userFolders } = await view(
      '"/home/ann/app.js" "\\/Users\\/Bob\\/x" "C:\\\\Users\\\\Cy\\\\x" /home/ann/y /homes/x/',
    )
    expect(userFolders).toMatchObject({ held: 'scan', found: 3 })
    expect(userFolders.examples[0]).toBe('/home/ann')
  })
  it('finds source text', async () => {
    expect((await view('{"sourcesContent": ["let a"]}')).sourceText.held).toBe('scan')
    expect((await view('"url":"data:text/javascript,let a"')).sourceText.held).toBe('scan')
    const snapshot = snapshotOf('1 1: f@x.js:1')
    snapshot.tables.strings.intern('function f() {\n}')
    expect((await stripView(bytesSource(new Uint8Array()).chunks(), [snapshot])).sourceText.found).toBe(1)
  })
  it('says what a format holds by its nature', async () => {
    const strip = await view('', 7, ['heap strings', 'source text'])
    expect(stripFacts(strip).map(fact => fact.join(': '))).toEqual([
      'heap strings: yes, as all files of this format',
      'source text: yes, as all files of this format',
      'host names: none found',
      'user folders: none found',
    ])
    expect(stripFacts(await view('')).map(fact => fact.join(': '))[0]).toBe(
      'heap strings: no, this format has no place for them',
    )
  })
  it('stays bounded', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `http://h${i}/`).join(' ')
    const strip = await view(text, 65536)
    expect(strip.hostNames.found).toBe(1000)
    expect(stripFacts(strip).map(fact => fact.join(': '))[2]).toBe(
      'host names: yes, 1000 or more found (h0, h1, h2, ...)',
    )
    for (const bad of ['http://', '/home/', 'data:', 'http://a@', 'https:\\/\\/'])
      await view(bad.repeat(100_000), 65536)
  })
})
