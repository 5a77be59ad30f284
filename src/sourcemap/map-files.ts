// How source maps are found, and why one may not be.

/** Why a frame keeps its position in the generated script. */
export type MissReason =
  | 'no file' // neither the script nor its map is in the given folders
  | 'no map' // the script exists, but neither it nor its name leads to a map
  | 'outside' // script or map is outside the given folders
  | 'remote' // the map has a URL that needs a network
  | 'unreadable' // the map is invalid or too large; `detail` says how
  | 'no position' // the frame has no line, or no column on a line with several sources
  | 'not mapped' // the map has nothing at the position
  | 'whole script' // the frame is the top level of a script made from several files

/** Frames of one script that stay as they are. */
export interface Miss {
  filename: string
  reason: MissReason
  detail?: string
  /** Number of distinct frames. */
  frames: number
}

/** A map's text and path: names in it are relative to that. */
export interface MapText {
  text: string
  /** Path of the map, or of the script that contains it. */
  path: string
}

/** Where maps and sources come from: the only access of this folder to files. */
export interface MapFiles {
  mapOf(filename: string): MapText | { reason: MissReason; detail?: string }
  /** Path of a file at `relative` below one of the given folders. */
  find(relative: string): string | undefined
  /** Text of a file in the given folders; a relative name is tried in each. */
  read(filename: string): string | undefined
}
