/** How `check` can write what it found. */
export const CHECK_FORMATS = ['text', 'json', 'github', 'markdown', 'junit'] as const
export type CheckFormat = (typeof CHECK_FORMATS)[number]
