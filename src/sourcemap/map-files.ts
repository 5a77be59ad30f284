/** Why a frame keeps its place in the generated script. */
export type MissReason =
  | 'no file' // neither the script nor a map of it lies in the given folders
  | 'no map' // the script is there, and neither it nor its name leads to a map
  | 'outside' // script or map lies outside of the given folders
  | 'remote' // the map has an address that only a network could follow
  | 'unreadable' // the map is damaged or too large; `detail` says how
  | 'no position' // the frame has no line, or no column where a line holds several sources
  | 'not mapped' // the map has nothing at the position
  | 'whole script' // the frame is the top level of a script made of several files

/** Frames of one script that stay as they are. */
export interface Miss {
  filename: string
  reason: MissReason
  detail?: string
  /** Number of different frames. */
  frames: number
}

/** A map's text and where it lies: names in it are relative to that. */
export interface MapText {
  text: string
  /** Path of the map, or of the script that holds it. */
  path: string
}

/** Where maps and sources come from: the only way out of this module. */
export interface MapFiles {
  mapOf(filename: string): MapText | { reason: MissReason; detail?: string }
  /** Path of a file that lies at `relative` below one of the given folders. */
  find(relative: string): string | undefined
  /** Text of a file in the given folders; a relative name is looked for in each. */
  read(filename: string): string | undefined
}
