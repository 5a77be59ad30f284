// Reads the sections that hold V8's allocation traces.
import type { Fields } from './header.ts'
import { type Handler, RowFault } from './values.ts'

/** Receives the functions and calls of a file. */
export interface CallSink {
  /** Number of functions so far. */
  readonly functions: number
  /** Lines and columns are 1-based, 0 = unknown. */
  addFunction(name: number, script: number, scriptId: number, line: number, column: number): void
  /** Adds a call below the one at index `parent` (-1 for the root) and returns its index. */
  add(id: number, functionIndex: number, parent: number): number
  /** Index of the call with this id, or -1. */
  find(id: number): number
}

/** Reads `trace_function_infos`. */
export function functionRows(f: Fields, sink: CallSink): Handler {
  return {
    read: 'rows',
    fields: f.length,
    rows: (values, length) => {
      for (let i = 0; i < length; i += f.length) {
        const scriptId = f.script_id === undefined ? 0 : values[i + f.script_id]
        sink.addFunction(
          values[i + f.name],
          values[i + f.script_name],
          scriptId,
          values[i + f.line],
          values[i + f.column],
        )
      }
    },
  }
}

/**
 * Reads `trace_tree`: `[id, function_info_index, count, size, [children]]`, where the children follow each
 * other without brackets of their own. Its counts and sizes include everything ever allocated, so they are
 * ignored.
 */
export function callTree(f: Fields, sink: CallSink): Handler {
  const { length, id, function_info_index: functionIndex, children } = f
  const parents: number[] = []
  const row = new Array<number>(length).fill(0)
  let at = 0
  let numbers = 0
  const wrong = (what: string): never => {
    throw new RowFault(what, numbers)
  }
  return {
    read: 'nested',
    number: value => {
      if (at === children || at >= length) wrong('a number where the children of a call should be')
      row[at++] = value
      numbers++
    },
    open: () => {
      if (at !== children || children !== length - 1) wrong('children in the wrong place')
      if (row[functionIndex] >= sink.functions) wrong('a function that is not there')
      if (row[id] > 0xffffffff || sink.find(row[id]) >= 0) wrong(`the call ${row[id]} is there twice`)
      parents.push(sink.add(row[id], row[functionIndex], parents.at(-1) ?? -1))
      at = 0
    },
    close: () => {
      if (at !== 0) wrong('a call that is not whole')
      if (parents.pop() === undefined) wrong('one call too few')
      at = parents.length === 0 ? length : 0 // the root is alone
    },
    done: () => {
      if (at !== 0 && at !== length) wrong('a call that is not whole')
    },
  }
}
