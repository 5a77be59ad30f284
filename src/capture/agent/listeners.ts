// Listens to a program's own process, although the program may remove all listeners.
import { EventEmitter } from 'node:events'
import { method } from './unharmed.ts'

// Taken before the program can change them.
const { queueMicrotask } = globalThis
const on = method(EventEmitter.prototype.on)
const off = method(EventEmitter.prototype.off)
const listeners = method(EventEmitter.prototype.listeners)

type Listener = (...args: never[]) => void

/** A list that works whatever the program does to arrays. */
interface Kept {
  event: string
  listener: Listener
  next: Kept | undefined
}

let kept: Kept | undefined

/** Listens to an event of `process` until `stopListening`, even if the program removes all listeners. */
export function keepListening(event: string, listener: Listener): void {
  if (!kept) {
    kept = { event: 'removeListener', listener: restoreOne, next: undefined }
    on(process, kept.event, kept.listener as never)
  }
  kept = { event, listener, next: kept }
  on(process, event, listener as never)
}

/** Ends that. */
export function stopListening(event: string, listener: Listener): void {
  for (let before = kept; before?.next; before = before.next) {
    if (before.next.event === event && before.next.listener === listener) before.next = before.next.next
  }
  if (kept?.event === event && kept.listener === listener) kept = kept.next
  off(process, event, listener as never)
}

/** Called for every listener that is removed. */
function restoreOne(event: string, listener: Listener): void {
  for (let one = kept; one; one = one.next) {
    if (one.event !== event || one.listener !== listener) continue
    on(process, event, listener as never)
    queueMicrotask(restoreAll) // those of all events may be removed, this one and ours included
    return
  }
}

function restoreAll(): void {
  for (let one = kept; one; one = one.next) {
    if (!isListening(one)) on(process, one.event, one.listener as never)
  }
}

function isListening({ event, listener }: Kept): boolean {
  const now = listeners(process, event)
  for (let i = 0; i < now.length; i++) if (now[i] === listener) return true
  return false
}
