/** What every error of this project is. `hint` says what to do next; the command prints it behind the message. */
export class TracemallocError extends Error {
  readonly hint: string | undefined
  constructor(message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.hint = options.hint
  }
}

/** Wrong usage of the command or of a function: exit status 2. */
export class UsageError extends TracemallocError {}

/** The target cannot be reached, refused, or went away: exit status 4. */
export class TargetError extends TracemallocError {}

/** Why a file was refused. */
export type FormatErrorCode = 'unrecognized' | 'malformed' | 'truncated' | 'unsupported' | 'too-large'

export interface FormatErrorPlace {
  /** Name of the converter, when one was chosen. */
  format?: string
  /** Byte offset of the fault, after inflating. */
  offset?: number
  /** Where in the document: `nodes[12].callFrame`. */
  path?: string
  cause?: unknown
  hint?: string
}

/** A file that cannot be read: exit status 3. Only this error leaves a reader, whatever the bytes are. */
export class FormatError extends TracemallocError {
  readonly code: FormatErrorCode
  readonly format: string | undefined
  readonly offset: number | undefined
  readonly path: string | undefined
  /** What is wrong, without the place. */
  readonly reason: string
  constructor(code: FormatErrorCode, reason: string, place: FormatErrorPlace = {}) {
    const at = [
      place.offset === undefined ? '' : `byte ${place.offset}`,
      place.path ? `in ${place.path}` : '',
    ].filter(Boolean)
    super(
      `${place.format ? `${place.format}: ` : ''}${code}: ${reason}${at.length ? ` (${at.join(', ')})` : ''}`,
      place,
    )
    this.code = code
    this.reason = reason
    this.format = place.format
    this.offset = place.offset
    this.path = place.path
  }
}
