export const FORMATS = ['text', 'table', 'json', 'ndjson', 'csv', 'markdown'] as const
export type Format = (typeof FORMATS)[number]
