// Kept apart from redact.ts so that the command line can list the choices without loading it.

/** What a file name is replaced by: its last part, or a hash of all of it. */
export const REDACTIONS = ['base', 'hash'] as const
export type Redaction = (typeof REDACTIONS)[number]
