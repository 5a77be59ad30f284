// Stacks as text: frames as `frameText` writes them, oldest first, with `;` between.
import { frameText, parseFrame } from './frame-text.ts'
import type { FrameId, StackId } from './tables/ids.ts'
import type { Tables } from './tables/tables.ts'

/** Reads texts of stacks into `tables`. Each distinct frame is parsed once; `''` is the empty stack. */
export function stackReader(tables: Tables): (text: string) => { stack: StackId; depth: number } {
  const frames = new Map<string, FrameId>()
  return text => {
    let stack = 0
    let depth = 0
    if (text === '') return { stack, depth }
    for (let from = 0; from <= text.length; depth++) {
      const semicolon = text.indexOf(';', from)
      const end = semicolon < 0 ? text.length : semicolon
      const part = text.slice(from, end)
      let frame = frames.get(part)
      if (frame === undefined) {
        const { functionName, filename, lineno, column } = parseFrame(part)
        frames.set(part, (frame = tables.frames.intern(functionName, filename, lineno, column)))
      }
      stack = tables.stacks.intern(stack, frame)
      from = end + 1
    }
    return { stack, depth }
  }
}

/** The texts of stacks. Each frame is written once. */
export function stackWriter({ frames, stacks }: Tables): (stack: StackId) => string {
  const texts: string[] = []
  const textOf = (frame: FrameId): string => (texts[frame] ??= frameText(frames.get(frame)))
  return stack => stacks.framesOf(stack).map(textOf).join(';')
}
