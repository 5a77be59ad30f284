// The errors of this project. Each class has an exit status.

/** The base class of this project's errors. `hint` says what to do next, and is printed after the message. */
export class TracemallocError extends Error {
  readonly hint: string | undefined
  constructor(message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.hint = options.hint
  }
}

/** One line: what is wrong, and what to do next. */
export function lineOf({ message, hint }: TracemallocError): string {
  return (hint ? `${message}; ${hint}` : message).replace(/\s*\n\s*/g, ' ')
}

/** Wrong usage of the command or of a function: exit status 2. */
export class UsageError extends TracemallocError {}

/** The target cannot be reached, refused, or went away: exit status 4. */
export class TargetError extends TracemallocError {}

/** A file or folder that cannot be written, created or removed: exit status 3. */
export class FileError extends TracemallocError {}

/** Meanings of the operating system's errors, with hints for some. */
const SYSTEM_ERRORS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOENT: ['no such file or folder'],
  EACCES: ['no permission'],
  EPERM: ['no permission'],
  EROFS: ['the file system is read-only'],
  ENOSPC: ['no space left on the device', 'free some space, or choose another folder'],
  EDQUOT: ['the disk quota is used up', 'free some space, or choose another folder'],
  EFBIG: ['the file would be larger than allowed', 'see `ulimit -f`'],
  EIO: ['the device failed (input/output error)'],
  EMFILE: ['too many open files', 'see `ulimit -n`'],
  ENFILE: ['too many open files on this machine'],
  ENOTDIR: ['part of the path is not a folder'],
  EISDIR: ['it is a folder'],
  EEXIST: ['it already exists'],
  ENOTEMPTY: ['the folder is not empty'],
  ELOOP: ['too many symbolic links'],
  ENAMETOOLONG: ['the name is too long'],
  EXDEV: ['it is on another file system'],
  EBUSY: ['it is in use'],
  ENOMEM: ['out of memory'],
  EPIPE: ['the reader has closed the pipe'],
  ECONNREFUSED: ['the connection was refused'],
  ECONNRESET: ['the connection was reset'],
  ETIMEDOUT: ['no answer in time'],
}

/** The reason and the hint for an error of the operating system; undefined for any other error. */
export function systemReason(error: unknown): { reason: string; hint?: string } | undefined {
  const { code, errno, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof errno !== 'number') return undefined
  if (code === 'EEXIST' && syscall === 'mkdir') return { reason: 'a file with that name exists' }
  const [reason, hint] = Object.hasOwn(SYSTEM_ERRORS, code) ? SYSTEM_ERRORS[code] : [code]
  return { reason, hint }
}

/** An error of the operating system as a FileError: `cannot <act>: <reason>`; other errors unchanged. */
export function asFileError(act: string, error: unknown): unknown {
  const system = systemReason(error)
  if (!system) return error
  return new FileError(`cannot ${act}: ${system.reason}`, { cause: error, hint: system.hint })
}

/** The same without a given act: it is derived from the call that failed. Undefined for any other error. */
export function systemLine(error: unknown): string | undefined {
  const system = systemReason(error)
  if (!system) return undefined
  const { syscall, path } = error as NodeJS.ErrnoException
  if (syscall === 'uv_cwd') return 'the working folder no longer exists; change to another folder'
  const act = `cannot ${syscall} ${path ?? ''}`.trimEnd()
  return `${act}: ${system.reason}${system.hint ? `; ${system.hint}` : ''}`
}

/** Why a file was refused. */
export type FormatErrorCode = 'unrecognized' | 'malformed' | 'truncated' | 'unsupported' | 'too-large'

export interface FormatErrorPlace {
  /** Name of the converter, if one was chosen. */
  format?: string
  /** Byte offset of the fault, after inflating. */
  offset?: number
  /** Position in the document: `nodes[12].callFrame`. */
  path?: string
  cause?: unknown
  hint?: string
}

/** A file that cannot be read: exit status 3. Readers throw no other error, whatever the file contains. */
export class FormatError extends TracemallocError {
  readonly code: FormatErrorCode
  readonly format: string | undefined
  readonly offset: number | undefined
  readonly path: string | undefined
  /** What is wrong, without the position. */
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

/** Puts the file's name into what goes wrong with it. */
export async function inFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TracemallocError) error.message = `${path}: ${error.message}`
    throw error
  }
}
