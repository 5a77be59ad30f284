// Finds the processes running Node that a program starts, from outside: in /proc, so on Linux only.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** Milliseconds between looks. A process not seen twice is too short to matter. */
const LOOK_TIME = 250

/** Looks for them until the returned function is called, which returns the command lines of those seen. */
export function watchNodeChildren(pid: number | undefined): () => string[] {
  const looks = new Map<number, number>()
  const commands = new Map<number, string>()
  const timer = setInterval(() => {
    for (const child of descendants(pid)) {
      if (!isNode(child)) continue
      looks.set(child, (looks.get(child) ?? 0) + 1)
      commands.set(child, commandOf(child))
    }
  }, LOOK_TIME)
  return () => {
    clearInterval(timer)
    return [...commands].filter(([child]) => looks.get(child)! > 1).map(([, command]) => command)
  }
}

/** Ids of the processes running Node that a process has started, and those have. On Linux only. */
export function nodeProcessesBelow(pid: number): number[] {
  return descendants(pid).filter(isNode)
}

function descendants(pid: number | undefined): number[] {
  const found: number[] = []
  const open = pid === undefined ? [] : [pid]
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const child of childrenOf(parent)) {
      found.push(child)
      open.push(child)
    }
  }
  return found
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const lists = threads.map(thread => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'))
    return lists.join(' ').split(/\s+/).filter(Boolean).map(Number)
  } catch {
    return [] // it has ended, or there is no /proc
  }
}

function isNode(pid: number): boolean {
  try {
    return /^node/.test(basename(readlinkSync(`/proc/${pid}/exe`)))
  } catch {
    return false
  }
}

/** The command line without Node's own path and options. */
function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1)
    const at = words.findIndex((word, i) => !word.startsWith('-') && words[i - 1] !== '--import')
    return words
      .slice(Math.max(at, 0), at + 2)
      .join(' ')
      .trim()
  } catch {
    return ''
  }
}
