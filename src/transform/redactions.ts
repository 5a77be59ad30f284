/** What file names become: their last part, or a hash of the whole. */
export const REDACTIONS = ['base', 'hash'] as const
export type Redaction = (typeof REDACTIONS)[number]
