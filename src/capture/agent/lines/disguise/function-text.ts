// Runs inside the traced program. `Function.prototype.toString` shows the original text of its functions.
import { HELPER_PREFIX } from '../../../../lines/helper-name.ts'
import { method, unharmed } from '../../unharmed.ts'
import type { Rewriting } from '../rewriting.ts'

// Taken before the program can change them.
const functions = Function.prototype
const textOf = method(functions.toString)
const includes = method(String.prototype.includes as (text: string) => boolean)
const indexOf = method(String.prototype.indexOf as (text: string) => number)
const { defineProperty } = Object

/** Functions that stand for built-in ones, and what those are called. */
const standIns: { fn: unknown; name: string }[] = []

/** Replaces a built-in function, as far as a program sees. Throws if it cannot be replaced. */
export function replace<T extends object>(
  owner: T,
  name: keyof T & string,
  by: (...args: never[]) => unknown,
): void {
  const { value, ...rest } = Object.getOwnPropertyDescriptor(owner, name)!
  defineProperty(by, 'name', { value: name, configurable: true })
  defineProperty(by, 'length', { value: (value as () => void).length, configurable: true })
  standIns[standIns.length] = { fn: by, name }
  defineProperty(owner, name, { ...rest, value: by })
}

/** Shows original texts from now on. */
export function showOriginals(rewriting: Rewriting): void {
  const methods = {
    toString(this: () => unknown): string {
      for (let i = 0; i < standIns.length; i++)
        if (standIns[i].fn === this) return `function ${standIns[i].name}() { [native code] }`
      const text = textOf(this)
      if (!includes(text, HELPER_PREFIX)) return text
      return unharmed(() => originalOf(rewriting, text)) ?? text
    },
  }
  replace(functions, 'toString', methods.toString)
}

function originalOf(rewriting: Rewriting, text: string): string | undefined {
  rewriting.update()
  for (const filename in rewriting.files) {
    const start = indexOf(rewriting.files[filename].text, text)
    if (start < 0) continue
    return rewriting.functionText(filename, start, start + text.length)
  }
  return undefined
}
