// Reads source maps (ECMA-426) and looks up positions.
import { FormatError } from '../errors.ts'
import { type Mapping, type Mappings, readMappings } from './mappings.ts'

/** A position in an original file. `line` and `column` are 0-based, as in the map. */
export interface Original {
  /** Index into `sources`. */
  source: number
  line: number
  column: number
  /** Original name of the token at exactly the requested position; `''` if the map has none. */
  name: string
  /** Generated column (0-based) of the token found: at most the requested column. */
  generatedColumn: number
}

/** A source map (ECMA-426), also an index map. Read only; see `parseSourceMap`. */
export interface SourceMap {
  /** Original files as named in the map, with its `sourceRoot`; `''` for a null name. */
  readonly sources: readonly string[]
  /** Texts of the original files, if the map carries them. */
  readonly contents: readonly (string | undefined)[]
  /** What is at a generated position, both 0-based: the nearest mapping at or before it on its line. */
  at(line: number, column: number): Original | undefined
  /** The only source of anything on a generated line (0-based), if that is a single line too. */
  lineAt(line: number): Original | undefined
}

interface Section {
  /** 0-based generated position where it begins. */
  line: number
  column: number
  mappings: Mappings
  names: readonly string[]
  /** Index of its first source. */
  firstSource: number
}

/**
 * Reads a source map. The sections of an index map are searched one by one, never joined, so that offsets,
 * however large, cost nothing. Throws FormatError `malformed` if the parts used violate ECMA-426.
 */
export function parseSourceMap(text: string): SourceMap {
  let json: unknown
  try {
    // Servers put `)]}'` before JSON, up to the end of the line, so that no page can run it as a script.
    json = JSON.parse(text.startsWith(")]}'") ? text.slice(text.indexOf('\n') + 1) : text)
  } catch (error) {
    throw malformed('not JSON', '', error)
  }
  const root = objectOf(json, '')
  if (root.version !== 3) throw malformed('the version is not 3', 'version')
  const sources: string[] = []
  const contents: (string | undefined)[] = []
  const sections: Section[] = []
  const add = (map: JsonObject, line: number, column: number, path: string) => {
    const firstSource = sources.length
    const root = map.sourceRoot ?? ''
    if (typeof root !== 'string') throw malformed('not a string', `${path}sourceRoot`)
    const names = listOf(map.sources, `${path}sources`)
    const texts = map.sourcesContent == null ? [] : listOf(map.sourcesContent, `${path}sourcesContent`)
    names.forEach((name, i) => {
      if (name !== null && typeof name !== 'string') throw malformed('not a string', `${path}sources[${i}]`)
      const content = texts[i] ?? undefined
      if (content !== undefined && typeof content !== 'string')
        throw malformed('not a string', `${path}sourcesContent[${i}]`)
      sources.push(name === null ? '' : joinRoot(root, name))
      contents.push(content)
    })
    sections.push({ line, column, firstSource, ...decode(map, names.length, path) })
  }
  if (root.sections !== undefined && root.mappings !== undefined)
    throw malformed('an index map with mappings of its own', 'mappings')
  if (root.sections === undefined) add(root, 0, 0, '')
  else addSections(root, add)
  return view(sources, contents, sections)
}

function addSections(
  root: JsonObject,
  add: (map: JsonObject, line: number, column: number, path: string) => void,
): void {
  let last = { line: 0, column: -1 }
  listOf(root.sections, 'sections').forEach((value, i) => {
    const section = objectOf(value, `sections[${i}]`)
    const offset = objectOf(section.offset, `sections[${i}].offset`)
    const { line, column } = offset
    if (!isIndex(line) || !isIndex(column)) throw malformed('not a position', `sections[${i}].offset`)
    if (line < last.line || (line === last.line && column <= last.column))
      throw malformed('sections are not in order', `sections[${i}].offset`)
    last = { line, column }
    const map = objectOf(section.map, `sections[${i}].map`)
    if (map.sections !== undefined) throw malformed('an index map inside another', `sections[${i}].map`)
    add(map, line, column, `sections[${i}].map.`)
  })
}

/** Checks the mappings: every index in them must be that of an existing source or name. */
function decode(map: JsonObject, sources: number, path: string): Pick<Section, 'mappings' | 'names'> {
  const names = (map.names == null ? [] : listOf(map.names, `${path}names`)) as string[]
  names.forEach((name, i) => {
    if (typeof name !== 'string') throw malformed('not a string', `${path}names[${i}]`)
  })
  if (typeof map.mappings !== 'string') throw malformed('not a string', `${path}mappings`)
  const mappings = readMappings(map.mappings, sources, names.length)
  if (typeof mappings === 'number') throw malformed('not a mapping', `${path}mappings[${mappings}]`)
  return { mappings, names }
}

function view(
  sources: readonly string[],
  contents: readonly (string | undefined)[],
  sections: readonly Section[],
): SourceMap {
  /** The last section that begins at or before a position. */
  const sectionAt = (line: number, column: number): Section | undefined => {
    let low = 0
    let high = sections.length
    while (low < high) {
      const middle = (low + high) >> 1
      const s = sections[middle]
      if (s.line < line || (s.line === line && s.column <= column)) low = middle + 1
      else high = middle
    }
    return sections[low - 1]
  }
  return {
    sources,
    contents,
    at(line, column) {
      const section = sectionAt(line, column)
      if (!section) return undefined
      const shift = line === section.line ? section.column : 0
      const mapping = section.mappings.at(line - section.line, column - shift)
      return mapping && original(section, mapping, shift, mapping[0] + shift === column)
    },
    lineAt(line) {
      const section = sectionAt(line, Number.POSITIVE_INFINITY)
      if (!section || (section.line === line && section.column > 0)) return undefined
      const mappings = section.mappings.line(line - section.line).filter(m => m.length > 1)
      const [first] = mappings
      const isOne = first && mappings.every(m => m[1] === first[1] && m[2] === first[2])
      return isOne ? original(section, first, 0, false) : undefined
    },
  }
}

/** @param isExact is this the mapping of the requested token itself? */
function original(section: Section, mapping: Mapping, shift: number, isExact: boolean): Original | undefined {
  if (mapping.length === 1) return undefined
  return {
    source: section.firstSource + mapping[1],
    line: mapping[2],
    column: mapping[3],
    name: isExact && mapping.length === 5 ? section.names[mapping[4]] : '',
    generatedColumn: mapping[0] + shift,
  }
}

type JsonObject = Record<string, unknown>

function objectOf(value: unknown, path: string): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw malformed('not an object', path)
  return value as JsonObject
}

function listOf(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw malformed('not a list', path)
  return value
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** `sourceRoot` precedes names that are neither URLs nor absolute. */
function joinRoot(root: string, name: string): string {
  if (root === '' || /^([a-z][a-z0-9+.-]*:|[/\\])/i.test(name)) return name
  return root.endsWith('/') ? root + name : `${root}/${name}`
}

function malformed(reason: string, path: string, cause?: unknown): FormatError {
  return new FormatError('malformed', reason, { format: 'source map', path: path || undefined, cause })
}
