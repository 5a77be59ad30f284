import { describe, expect, it } from 'vitest'
import { functionNameAt, identifierAt } from '../../src/sourcemap/names.ts'

/** `^` marks the place that a map points at. */
function nameOf(marked: string): string {
  const index = marked.indexOf('^')
  return functionNameAt(marked.slice(0, index) + marked.slice(index + 1), index)
}

describe('functionNameAt', () => {
  it.each([
    // declarations
    ['^function foo(a) {}', 'foo'],
    ['function ^foo(a) {}', 'foo'],
    ['function foo^(a) {}', 'foo'],
    ['^export default async function foo() {}', 'foo'],
    ['export ^async function foo() {}', 'foo'],
    ['function* ^gen() {}', 'gen'],
    ['export function ^foo<T extends { a: number }>(a: T): T[] {', 'foo'],
    ['function ^größe() {}', 'größe'],
    ['function ^$1_a() {}', '$1_a'],
    // methods
    ['class A {\n  ^addRow(id: number): Row {', 'addRow'],
    ['class A {\n  ^static async load(id: number) {', 'load'],
    ['class A {\n  static async ^load(id: number) {', 'load'],
    ['class A {\n  ^get size(): number {', 'size'],
    ['class A {\n  addRow^(id: number) {', 'addRow'],
    ['class A {\n  ^#secret() {', '#secret'],
    ['class A {\n  ^constructor(private a: number) {', 'constructor'],
    ['const o = { ^run() {} }', 'run'],
    ['const o = { *^run() {} }', 'run'],
    ['const o = { ^async run({ a = 1 } = {}) {} }', 'run'],
    // classes
    ['export ^class Store {', 'Store'],
    ['class ^Store extends Base {', 'Store'],
    ['const Store = ^class extends Base {', 'Store'],
    // functions that get a name
    ['const foo = ^(a) => a', 'foo'],
    ['const foo = (^a, b) => a', 'foo'],
    ['const foo = (^a: number): { x: number }[] => {', 'foo'],
    ['const foo = ^(a: number): { x: number; y: number } => {', 'foo'],
    ['const foo = ^a => a', 'foo'],
    ['const foo = ^async (a) => a', 'foo'],
    ['const foo = async ^(a) => a', 'foo'],
    ['const foo: Handler<A, B> = ^(a) => a', 'foo'],
    ['const foo: (a: number) => Bar = ^(a) => a', 'foo'],
    ['const foo = ^<T>(a: T) => a', 'foo'],
    ['const foo = ^function (a) {}', 'foo'],
    ['const foo = function ^(a) {}', 'foo'],
    ['const foo = ^function own(a) {}', 'own'],
    ['  fill = ^(count: number): void => {', 'fill'],
    ['a.b.handler = ^() => {', 'handler'],
    ['on({ click: ^() => 1, other: 2 })', 'click'],
    ["routes = { '/home': ^async () => 1 }", '/home'],
    // those that have none, and what only looks like a function
    ['list.map(^x => x)', ''],
    ['list.map(^(x) => x)', ''],
    ['list.map((^x) => x)', ''],
    ['list.map(^function (x) {})', ''],
    ['^foo(bar, function (x) {})', ''],
    ['^if (a) { b() }', ''],
    ['for ^(const a of b) {}', ''],
    ['a ? b : ^(x) => x', ''],
    ['const a = ^b + c', ''],
    ['return ^() => 1', ''],
    ['^', ''],
    ['^}', ''],
  ])('%s', (marked, name) => expect(nameOf(marked)).toBe(name))

  it('is no slower for a hostile text', () => {
    for (const text of ['(', '<', 'a ', 'a:', '{,', 'async ', 'a=', '\t']) {
      const long = text.repeat(200_000)
      for (const index of [0, 100_000, long.length]) functionNameAt(long, index)
    }
  })
})

it('identifierAt', () => {
  expect(identifierAt('class Store {}', 6)).toBe('Store')
  expect(identifierAt('class Store {}', 5)).toBe('')
  expect(identifierAt('export default function', 7)).toBe('')
  expect(identifierAt('x', -1)).toBe('')
  expect(identifierAt('x', 9)).toBe('')
})
