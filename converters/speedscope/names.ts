// Words that files of this format have in them, and what their values are taken with.
import { Taker } from '../../src/bytes/json-document.ts'

export const FORMAT = 'speedscope'
export const SCHEMA = 'https://www.speedscope.app/file-format-schema.json'
export const ANONYMOUS = '(anonymous)'
export const TIME: ReadonlySet<string> = new Set(['nanoseconds', 'microseconds', 'milliseconds', 'seconds'])
export const take: Taker = new Taker(FORMAT)
