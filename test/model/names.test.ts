// What a file is called, and whose it is: names as bundlers, servers and runtimes write them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Filter } from '../../src/index.ts'
import { fileName } from '../../src/model/names/file-name.ts'
import { packageOf } from '../../src/model/names/package.ts'
import { appFrames } from '../../src/transform/app-frames.ts'
import { snapshotOf } from '../support/snapshots.ts'

/** Name as read, name in reports (undefined: the same), package. */
type Spelling = [read: string, shown: string | undefined, pack: string]
const APP = '<app>'

const SPELLINGS: Record<string, Spelling[]> = {
  'Node and tsx': [
    ['/srv/dist/m.mjs?v=17', '/srv/dist/m.mjs', APP],
    ['/srv/dist/m.mjs#1', '/srv/dist/m.mjs', APP],
    ['/srv/a.ts?tsx-namespace=1700000000000', '/srv/a.ts', APP],
    ['file:///srv/my%20app/m.mjs?v=17', '/srv/my app/m.mjs', APP],
    ['file://localhost/srv/m.mjs', '/srv/m.mjs', APP],
    ['file:///srv/bin/tool?v=1', '/srv/bin/tool', APP],
    ['file:///srv/100%.js', '/srv/100%.js', APP],
    ['./src/a.ts', 'src/a.ts', APP],
    ['/srv/app/../lib/./a.js', '/srv/lib/a.js', APP],
    ['/srv/app/node_modules/lodash/lodash.js', undefined, 'lodash'],
    [
      '/srv/app/node_modules/@babel/core/lib/index.js?x=1',
      '/srv/app/node_modules/@babel/core/lib/index.js',
      '@babel/core',
    ],
    ['/srv/app/node_modules/a/node_modules/b/c.js', undefined, 'b'],
    ['node:internal/modules/cjs/loader', undefined, 'node:'],
    ['node:fs', undefined, 'node:'],
    ['internal/modules/cjs/loader.js', undefined, 'node:'],
    ['evalmachine.<anonymous>', undefined, APP],
    ['[eval]', undefined, APP],
    ['<eval:12>', undefined, APP],
    ['<native>', undefined, '<native>'],
  ],
  Windows: [
    ['C:\\app\\src\\a.ts', 'C:/app/src/a.ts', APP],
    ['c:\\app\\src\\a.ts', 'C:/app/src/a.ts', APP],
    ['c:/app/src/a.ts', 'C:/app/src/a.ts', APP],
    ['/C:/app/src/a.ts', 'C:/app/src/a.ts', APP],
    ['file:///C:/app/src/a.ts', 'C:/app/src/a.ts', APP],
    ['file:///c%3A/app/src/a.ts', 'C:/app/src/a.ts', APP],
    ['\\\\?\\C:\\app\\src\\a.ts', 'C:/app/src/a.ts', APP],
    ['\\\\server\\share\\a.js', '//server/share/a.js', APP],
    ['\\\\?\\UNC\\server\\share\\a.js', '//server/share/a.js', APP],
    ['file://server/share/a.js', '//server/share/a.js', APP],
    ['..\\src\\a.ts', '../src/a.ts', APP],
    ['.\\src\\a.ts', 'src/a.ts', APP],
    ['src\\a.ts', 'src/a.ts', APP],
    ['C:\\app\\node_modules\\@scope\\name\\i.js?v=1', 'C:/app/node_modules/@scope/name/i.js', '@scope/name'],
  ],
  Vite: [
    ['http://localhost:5173/src/App.vue?t=1700000000000', 'http://localhost:5173/src/App.vue', APP],
    [
      'http://localhost:5173/src/App.vue?vue&type=script&setup=true&lang.ts',
      'http://localhost:5173/src/App.vue',
      APP,
    ],
    ['App.vue?vue&type=script', 'App.vue', APP],
    ['/srv/src/App.vue?vue&type=style&index=0&src=/x/y.css', '/srv/src/App.vue', APP],
    ['src/App.svelte?svelte&type=style&lang.css', 'src/App.svelte', APP],
    ['http://localhost:5173/@fs/home/ann/my%20lib/src/a.ts?t=1', '/home/ann/my lib/src/a.ts', APP],
    ['/@fs/home/ann/lib/src/a.ts', '/home/ann/lib/src/a.ts', APP],
    ['http://localhost:5173/@fs/C:/lib/a.ts', 'C:/lib/a.ts', APP],
    [
      'http://localhost:5173/@fs/home/ann/node_modules/vue/dist/vue.js?v=1a',
      '/home/ann/node_modules/vue/dist/vue.js',
      'vue',
    ],
    ['/node_modules/.vite/deps/lodash.js?v=1a2b3c4d', '/node_modules/.vite/deps/lodash.js', 'lodash'],
    [
      'http://localhost:5173/node_modules/.vite/deps/@vue_reactivity.js?v=1a',
      'http://localhost:5173/node_modules/.vite/deps/@vue_reactivity.js',
      '@vue/reactivity',
    ],
    ['/srv/node_modules/.vite/deps/lodash_debounce.js', undefined, 'lodash'],
    ['/srv/node_modules/.vite/deps/chart__js_auto.js', undefined, 'chart.js'],
    ['/srv/node_modules/.vite/deps/string_decoder.js', undefined, 'string_decoder'],
    ['/srv/node_modules/.vite/deps/element-plus___lodash-es.js', undefined, 'lodash-es'],
    [
      '/srv/node_modules/.vite/deps/chunk-ABC123.js?v=1',
      '/srv/node_modules/.vite/deps/chunk-ABC123.js',
      '<dependencies>',
    ],
    ['/srv/node_modules/.vite-temp/vite.config.ts.timestamp-1.mjs', undefined, APP],
    ['http://localhost:5173/@vite/client', undefined, 'vite'],
    ['http://localhost:5173/@vite/client?t=1', 'http://localhost:5173/@vite/client', 'vite'],
  ],
  'Nuxt, Angular, Prisma': [
    ['http://localhost:3000/_nuxt/@fs/srv/app/pages/index.vue?macro=true', '/srv/app/pages/index.vue', APP],
    [
      'http://localhost:3000/_nuxt/node_modules/.cache/vite/client/deps/pinia.js?v=1',
      'http://localhost:3000/_nuxt/node_modules/.cache/vite/client/deps/pinia.js',
      'pinia',
    ],
    ['/srv/node_modules/.cache/nuxt/.nuxt/routes.mjs', undefined, APP],
    [
      'http://localhost:4200/@fs/srv/app/.angular/cache/17.3.0/app/vite/deps/@angular_core.js?v=1',
      '/srv/app/.angular/cache/17.3.0/app/vite/deps/@angular_core.js',
      '@angular/core',
    ],
    ['/srv/node_modules/.prisma/client/index.js', undefined, '@prisma/client'],
  ],
  webpack: [
    ['webpack://shop/./src/a.ts?1a2b', 'src/a.ts', APP],
    ['webpack:///./src/a.ts', 'src/a.ts', APP],
    ['webpack:///src/a.ts', 'src/a.ts', APP],
    ['webpack://@acme/web/./src/a.ts', 'src/a.ts', APP],
    ['webpack://@acme/web/../common/a.ts', '../common/a.ts', APP],
    ['webpack:////home/ann/app/src/a.ts', '/home/ann/app/src/a.ts', APP],
    ['webpack:///C:\\app\\src\\a.ts', 'C:/app/src/a.ts', APP],
    ['webpack-internal:///./node_modules/lodash/lodash.js', 'node_modules/lodash/lodash.js', 'lodash'],
    [
      'webpack-internal:///./node_modules/vue-loader/dist/index.js??ruleSet[1].rules[8].use[0]!./src/Cart.vue?vue&type=script&lang=js',
      'src/Cart.vue',
      APP,
    ],
    [
      'webpack-internal:///./node_modules/cache-loader/dist/cjs.js?!./node_modules/babel-loader/lib!./src/Cart.vue?vue&type=script',
      'src/Cart.vue',
      APP,
    ],
    [
      'webpack:///./node_modules/ts-loader/index.js??ref--1!./node_modules/moment/moment.js',
      'node_modules/moment/moment.js',
      'moment',
    ],
    ['./node_modules/vue-loader/lib/index.js??vue-loader-options!./src/Cart.vue?vue', 'src/Cart.vue', APP],
    ['webpack:///./src/a.js + 3 modules', 'src/a.js', APP],
    ['webpack:///webpack/bootstrap 1a2b3c4d5e', 'webpack/bootstrap', 'webpack'],
    [
      'webpack://shop/webpack/runtime/make namespace object',
      'webpack/runtime/make namespace object',
      'webpack',
    ],
    ['webpack://shop/webpack/config.ts', 'webpack/config.ts', APP],
    ['webpack-internal:///1234', undefined, APP],
    [
      'http://localhost:8080/js/vendors-node_modules_lodash_lodash_js.js?1',
      'http://localhost:8080/js/vendors-node_modules_lodash_lodash_js.js',
      'lodash',
    ],
  ],
  'Next.js': [
    ['webpack-internal:///(rsc)/./app/page.tsx', 'app/page.tsx', APP],
    ['webpack-internal:///(app-pages-browser)/./src/app/(auth)/page.tsx', 'src/app/(auth)/page.tsx', APP],
    [
      'webpack-internal:///(ssr)/./node_modules/next/dist/client/link.js',
      'node_modules/next/dist/client/link.js',
      'next',
    ],
    ['webpack://_N_E/(auth)/page.tsx', '(auth)/page.tsx', APP],
    [
      'http://localhost:3000/_next/static/chunks/app/page.js?v=1700000000000',
      'http://localhost:3000/_next/static/chunks/app/page.js',
      APP,
    ],
    ['turbopack:///[project]/src/page.tsx [app-rsc] (ecmascript)', 'src/page.tsx', APP],
    ['turbopack://[project]/app/page.tsx', 'app/page.tsx', APP],
    ['/srv/.next/server/chunks/node_modules_next_dist_1a2b3c._.js', undefined, 'next'],
    ['/srv/.next/server/chunks/node_modules_1a2b3c._.js', undefined, '<dependencies>'],
  ],
  'pnpm and Yarn': [
    ['/srv/node_modules/.pnpm/lodash@4.17.21/node_modules/lodash/lodash.js', undefined, 'lodash'],
    ['/srv/node_modules/.pnpm/@babel+core@7.0.0/node_modules/@babel/core/lib/i.js', undefined, '@babel/core'],
    [
      '/srv/.yarn/cache/lodash-npm-4.17.21-6382451519-eb835a2e51.zip/node_modules/lodash/lodash.js',
      undefined,
      'lodash',
    ],
    [
      '/srv/.yarn/__virtual__/react-dom-virtual-1a/0/cache/react-dom-npm-18.zip/node_modules/react-dom/i.js',
      '/srv/.yarn/cache/react-dom-npm-18.zip/node_modules/react-dom/i.js',
      'react-dom',
    ],
    ['/srv/.yarn/__virtual__/ui-virtual-1a/1/packages/ui/src/a.js', '/srv/packages/ui/src/a.js', APP],
  ],
  'Rollup, Parcel, esbuild, Metro': [
    ['\0/srv/node_modules/lodash/lodash.js?commonjs-module', '/srv/node_modules/lodash/lodash.js', 'lodash'],
    ['\0/srv/src/a.js?commonjs-proxy', '/srv/src/a.js', APP],
    ['http://localhost:1234/index.7826abd7.js?1700000000000', 'http://localhost:1234/index.7826abd7.js', APP],
    ['<stdin>', undefined, APP],
    ['http://localhost:8081/index.bundle?platform=ios&dev=true', 'http://localhost:8081/index.bundle', APP],
    ['http://localhost:8081/index.bundle//&platform=ios&dev=true', 'http://localhost:8081/index.bundle', APP],
  ],
  'Deno and Bun': [
    ['ext:core/01_core.js', undefined, 'deno:'],
    ['/home/ann/.cache/deno/npm/registry.npmjs.org/lodash/4.17.21/lodash.js', undefined, 'lodash'],
    ['/home/ann/.cache/deno/npm/registry.npmjs.org/@babel/core/7.0.0/i.js', undefined, '@babel/core'],
    ['/srv/node_modules/.deno/lodash@4.17.21/node_modules/lodash/lodash.js', undefined, 'lodash'],
    ['https://jsr.io/@std/path/1.0.0/mod.ts', undefined, '@std/path'],
    ['https://deno.land/x/oak@v12.0.0/mod.ts', undefined, 'oak'],
    ['https://deno.land/std@0.200.0/path/mod.ts', undefined, 'std'],
    ['bun:main', undefined, 'bun:'],
    ['/home/ann/.bun/install/cache/lodash@4.17.21@@@1/lodash.js', undefined, 'lodash'],
  ],
  Electron: [
    ['/opt/x/resources/app.asar/dist/main.js', undefined, APP],
    [
      'file:///opt/x/resources/app.asar/node_modules/lodash/lodash.js',
      '/opt/x/resources/app.asar/node_modules/lodash/lodash.js',
      'lodash',
    ],
    [
      'file:///C:/Program%20Files/x/resources/app.asar.unpacked/a.js',
      'C:/Program Files/x/resources/app.asar.unpacked/a.js',
      APP,
    ],
    ['app://./index.js?x', 'app://./index.js', APP],
    ['electron/js2c/asar_bundle', undefined, 'electron:'],
  ],
  'Pages and extensions': [
    ['https://cdn.jsdelivr.net/npm/lodash@4.17.21/lodash.min.js', undefined, 'lodash'],
    ['https://unpkg.com/@vue/reactivity@3.0.0/dist/r.js', undefined, '@vue/reactivity'],
    ['https://esm.sh/v135/react@18.0.0/es2022/react.mjs', undefined, 'react'],
    ['https://cdnjs.cloudflare.com/ajax/libs/d3/7.0.0/d3.min.js', undefined, 'd3'],
    ['https://host/load.php?modules=a', undefined, APP],
    ['https://host/page?id=3', undefined, APP],
    ['https://host/js/a.js?token=1#top', 'https://host/js/a.js', APP],
    ['https://host/a.js line 3 > eval', undefined, APP],
    ['chrome-extension://abcdef/bg.js?x=1', 'chrome-extension://abcdef/bg.js', 'chrome:'],
    ['blob:https://host/1a2b-3c4d', undefined, APP],
    ['data:text/javascript,a.js?x=1', undefined, APP],
    ['wasm://wasm/1a2b3c4d', undefined, APP],
  ],
  'names that only look so': [
    ['/srv/what.is?/a.js', undefined, APP],
    ['/srv/c#/a.js', undefined, APP],
    ['/srv/x.y#z/a.js', undefined, APP],
    ['/srv/a\\b.js', undefined, APP],
    ['/srv/my_node_modules/a.js', undefined, APP],
    ['/srv/vendors/wow!/a.js', undefined, APP],
    ['C:\\app\\a.py', undefined, APP],
    ['./a.py', undefined, APP],
    ['src/internal/errors.ts', undefined, APP],
    ['/srv/src/deps/lodash.js', undefined, APP],
  ],
}

describe.each(Object.entries(SPELLINGS))('%s', (_, spellings) => {
  it.each(spellings)('%s', (read, shown, pack) => {
    expect(fileName(read)).toBe(shown ?? read)
    expect(fileName(fileName(read))).toBe(fileName(read))
    expect(packageOf(read)).toBe(pack)
  })
})

it('a name that was made stays', () => {
  const part = fc.constantFrom(
    ...'/ \\ . .. ? # ! : // /@fs/ webpack: file: http://h \0 C: a.js x-loader node_modules __virtual__/x/1/ %20 [project]'.split(
      ' ',
    ),
    '@s/n',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), parts => {
      const name = fileName(parts.join(''))
      expect(fileName(name)).toBe(name)
    }),
    { numRuns: 3000 },
  )
})

describe('snapshots', () => {
  const read = `10 1: /a.js:1 > /srv/m.mjs?v=1:5
20 1: /a.js:1 > /srv/m.mjs?v=2:5
30 1: /a.js:1 > webpack-internal:///./node_modules/vue-loader/index.js??x!./src/Cart.vue?vue:7
40 1: /a.js:1 > /srv/m.mjs:5`
  const labels = (key: 'lineno' | 'filename' | 'package' | 'traceback') =>
    snapshotOf(read)
      .statistics(key)
      .map(s => `${s.traceback.frames.at(-1) ?? s.label} ${s.size}`)
  it('a file is one row', () => {
    expect(labels('filename')).toEqual(['/srv/m.mjs:0 70', 'src/Cart.vue:0 30'])
    expect(labels('lineno')).toEqual(['/srv/m.mjs:5 70', 'src/Cart.vue:7 30'])
    expect(labels('traceback')).toEqual(['/srv/m.mjs:5 70', 'src/Cart.vue:7 30'])
    expect(labels('package')).toEqual(['<app> 100'])
  })
  it('traces keep the names that were read', () => {
    const [first] = snapshotOf(read).traces
    expect(String(first.traceback.frames.at(-1))).toBe('/srv/m.mjs?v=1:5')
  })
  it('what is read later into the same tables has the same names', () => {
    const one = snapshotOf('10 1: /srv/m.mjs?v=1:5')
    expect(one.named().statistics('filename').map(String)).toHaveLength(1)
    const two = snapshotOf('20 1: /b.js:1 > /srv/m.mjs?v=3:5', undefined, one.tables)
    expect(two.named().tables).toBe(one.named().tables)
    expect(two.compareTo(one, 'filename').map(s => `${s.label} ${s.sizeDiff}`)).toEqual(['/srv/m.mjs:0 10'])
  })
  it('names that need no change cost no copy', () => {
    const plain = snapshotOf('10 1: /srv/m.mjs:5')
    expect(plain.named()).toBe(plain)
  })
  it.each(['/srv/m.mjs', '*/m.mjs', '/srv/m.mjs?v=17', '/srv/*'])('the filter %s', pattern => {
    expect(snapshotOf(read).filterTraces([new Filter(true, pattern)]).length).toBe(3)
    expect(snapshotOf(read).filterTraces([new Filter(false, pattern)]).length).toBe(1)
  })
  it('filters of Windows are written either way', () => {
    for (const pattern of ['C:\\app\\*', 'C:/app/*', 'C:\\app\\a.ts', 'c:\\app\\a.ts'])
      expect(snapshotOf('10 1: C:\\app\\a.ts:5').filterTraces([new Filter(true, pattern)]).length).toBe(1)
  })
  it('--app keeps what only a loader in node_modules touched', () => {
    const [own] = appFrames([snapshotOf(read)])
    expect(own.statistics('filename').map(s => s.label)).toEqual(['/srv/m.mjs:0', 'src/Cart.vue:0'])
  })
  it('functions without any file are told apart', () => {
    const stripped = snapshotOf('10 1: load@<native>:0\n20 1: parse@<native>:0\n30 1: parse@<native>:0')
    expect(stripped.statistics('lineno').map(s => [s.key.functionName, s.size])).toEqual([
      ['parse', 50],
      ['load', 10],
    ])
  })
})
