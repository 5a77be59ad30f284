// Source maps that loaders, such as tsx, put into the texts they make. Also runs inside traced programs.

/** Maps as `data:` addresses, by script; without a prototype, which a program could change. */
const maps = Object.create(null) as Record<string, string>

/** A script whose text carries a map. */
export interface InlineMap {
  script: string
  url: string
}

/** Remembers the map of a script for the snapshots that this thread makes. */
export function noteMap({ script, url }: InlineMap): void {
  maps[script] = url
}

/** The map of a script, if its text carried one. */
export function inlineMapOf(script: string): string | undefined {
  return maps[script]
}

/** Is any map known? */
export function hasMaps(): boolean {
  for (const _ in maps) return true
  return false
}
