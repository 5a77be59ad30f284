import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { filePath, nextNumber, plainName } from '../../src/capture/series/names.ts'
import { withIsolate } from '../../src/capture/series/store.ts'
import {
  samplerSettings,
  settingsFromEnv,
  settingsToEnv,
  startParameters,
} from '../../src/capture/v8/settings.ts'
import { UsageError } from '../../src/errors.ts'
import { isRemote, parseTarget } from '../../src/inspector/target.ts'
import { folder, it } from '../support/nodes.ts'

describe('what V8 is asked for', () => {
  it('has the documented defaults', () => {
    expect(samplerSettings()).toEqual({ interval: 40320, nframe: 128, mode: 'live' })
    expect(samplerSettings({ mode: 'exact' }).interval).toBe(1)
  })

  // Half a byte and 148 frames kill the target; the others are refused by it, or silently misunderstood.
  it.each([
    { interval: 0.5 },
    { interval: 0 },
    { interval: -1 },
    { interval: Number.NaN },
    { interval: Number.POSITIVE_INFINITY },
    { interval: 2 ** 53 },
    { nframe: 0 },
    { nframe: 129 },
    { nframe: 148 },
    { nframe: 1.5 },
    { nframe: Number.NaN },
    { mode: 'other' as never },
    { mode: 'exact' as const, interval: 512 },
  ])('refuses %o', options => {
    expect(() => samplerSettings(options)).toThrow(UsageError)
  })

  it('keeps what was collected only for the mode allocated', () => {
    const parameters = startParameters(samplerSettings({ mode: 'allocated', nframe: 7, interval: 64 }))
    expect(parameters).toEqual({
      samplingInterval: 64,
      stackDepth: 7,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    expect(startParameters(samplerSettings())).toMatchObject({
      includeObjectsCollectedByMajorGC: false,
      includeObjectsCollectedByMinorGC: false,
    })
  })
})

describe('the environment', () => {
  it('goes round', () => {
    const settings = settingsFromEnv({
      TRACEMALLOC: '25',
      TRACEMALLOC_INTERVAL: '512',
      TRACEMALLOC_MODE: 'allocated',
      TRACEMALLOC_DIR: '/tmp/x y',
      TRACEMALLOC_EVERY: '0.5',
      TRACEMALLOC_COUNT: '3',
      TRACEMALLOC_PEAK: '1',
      TRACEMALLOC_WORKERS: '0',
      TRACEMALLOC_CHILDREN: '0',
      TRACEMALLOC_STABLE_FRAMES: '0',
      TRACEMALLOC_BUFFERS: '1',
    })!
    expect(settings).toEqual({
      nframe: 25,
      interval: 512,
      mode: 'allocated',
      dir: '/tmp/x y',
      every: 0.5,
      count: 3,
      peak: true,
      workers: false,
      children: false,
      stableFrames: false,
      buffers: true,
    })
    expect(settingsFromEnv(settingsToEnv(settings))).toEqual(settings)
  })

  it('is off for 0 and on with defaults when nothing is set', () => {
    for (const off of ['', '0', '00', ' 0', '+0', '-0']) {
      expect(settingsFromEnv({ TRACEMALLOC: off }), off).toBeUndefined()
    }
    for (const five of ['5', '05', '+5', ' 5', '\t5']) {
      expect(settingsFromEnv({ TRACEMALLOC: five }), five).toMatchObject({ nframe: 5 })
    }
    for (const bad of ['5 ', '-1', 'abc', '0x10', '1.5', '5a', '129', '65536', ' ', '+']) {
      expect(() => settingsFromEnv({ TRACEMALLOC: bad }), bad).toThrow(UsageError)
    }
    expect(settingsFromEnv({})).toMatchObject({ nframe: 128, interval: 40320, mode: 'live', dir: undefined })
    expect(settingsFromEnv({ TRACEMALLOC_DIR: '' })).toMatchObject({
      nframe: 128,
      dir: undefined,
    })
  })

  it.each([
    ['TRACEMALLOC', 'abc'],
    ['TRACEMALLOC', '-1'],
    ['TRACEMALLOC', '129'],
    ['TRACEMALLOC', '1.5'],
    ['TRACEMALLOC', '1e1'],
    ['TRACEMALLOC_INTERVAL', '0'],
    ['TRACEMALLOC_INTERVAL', '0.5'],
    ['TRACEMALLOC_INTERVAL', '99999999999999999999'],
    ['TRACEMALLOC_EVERY', '0'],
    ['TRACEMALLOC_EVERY', 'soon'],
    ['TRACEMALLOC_MODE', 'other'],
    ['TRACEMALLOC_PEAK', 'yes'],
    ['TRACEMALLOC_CHILDREN', '2'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => settingsFromEnv({ [name]: value })).toThrow(UsageError)
  })
})

describe('the names of files', () => {
  it('are numbered to ten digits, with the isolate unless it is main', () => {
    const file = { dir: '.', label: '12', ending: '' }
    expect(filePath({ ...file, isolate: 'main', number: 1 })).toBe('tracemalloc.12.0000000001')
    expect(filePath({ ...file, isolate: 'worker 3', number: 42 })).toBe('tracemalloc.12.worker-3.0000000042')
    expect(plainName('../x/ä: y')).toBe('-x-ä-y')
  })

  it('go on behind the highest number, of dumps and raw files alike', () => {
    const dir = folder()
    expect(nextNumber({ dir, label: '12', isolate: 'main' })).toBe(1)
    writeFileSync(join(dir, 'tracemalloc.12.0000000007.heapprofile'), '')
    writeFileSync(join(dir, 'tracemalloc.12.worker-3.0000000009.pb.gz'), '')
    writeFileSync(join(dir, 'tracemalloc.123.0000000011.pb.gz'), '')
    expect(nextNumber({ dir, label: '12', isolate: 'main' })).toBe(8)
    expect(nextNumber({ dir, label: '12', isolate: 'worker 3' })).toBe(10)
  })

  it('have the isolate before the ending', () => {
    expect(withIsolate('a.b/leak.pb.gz', 'worker 1')).toBe('a.b/leak.worker-1.pb.gz')
    expect(withIsolate('a.b/leak', 'worker 1')).toBe('a.b/leak.worker-1')
    expect(withIsolate('leak.pickle', 'main')).toBe('leak.pickle')
  })
})

describe('targets', () => {
  it.each<[string, object]>([
    ['9229', { kind: 'port', host: '127.0.0.1', port: 9229 }],
    ['box.example:80', { kind: 'port', host: 'box.example', port: 80 }],
    ['[::1]:9229', { kind: 'port', host: '[::1]', port: 9229 }],
    ['pid:12', { kind: 'pid', pid: 12 }],
    ['ws://127.0.0.1:9229/abc', { kind: 'url', url: 'ws://127.0.0.1:9229/abc' }],
    ['Debugger listening on ws://[::1]:9229/abc\n', { kind: 'url', url: 'ws://[::1]:9229/abc' }],
    ['devtools://devtools/x.html?v8only=true&ws=box:1/abc', { kind: 'url', url: 'ws://box:1/abc' }],
    ['http://box.example:9229/json/list', { kind: 'port', host: 'box.example', port: 9229 }],
    ['http://[::1]:9229', { kind: 'port', host: '[::1]', port: 9229 }],
    ['65536', { kind: 'pid', pid: 65536 }],
  ])('%s', (text, spec) => {
    expect(parseTarget(text)).toEqual(spec)
  })

  it.each([
    '',
    'x',
    '0',
    '4194305',
    'pid:',
    'pid:x',
    'host:',
    'ws://[',
    'http://',
    'https://x:1/',
    'ftp://x:1',
  ])('refuses %o', text => {
    expect(() => parseTarget(text)).toThrow(UsageError)
  })

  it('on other machines are known', () => {
    expect(
      ['9229', 'localhost:1', '[::1]:1', 'ws://127.0.0.1:1/x', 'pid:1'].map(t => isRemote(parseTarget(t))),
    ).toEqual([false, false, false, false, false])
    expect(['10.0.0.1:1', 'ws://example.com/x', '0.0.0.0:1'].map(t => isRemote(parseTarget(t)))).toEqual([
      true,
      true,
      true,
    ])
  })
})
