/** One line of the table in docs/accuracy.md. */
export interface Result {
  /** What is claimed, with its target. */
  claim: string
  setting: string
  figure: string
  /** Undefined where there is no target. */
  met: boolean | undefined
}

/** `97.5 %`. */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}
