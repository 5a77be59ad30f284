// Maps the frames of one generated script.
import { Frame } from '../model/frame.ts'
import { lineStarts } from './lines.ts'
import type { Original, SourceMap } from './map.ts'
import type { MapFiles, MissReason } from './map-files.ts'
import { functionNameAt, identifierAt } from './names.ts'
import { sourceName } from './paths.ts'

/** Where a frame comes from. */
export interface Place {
  functionName: string
  filename: string
  /** 1-based. */
  lineno: number
  column: number
  /** Where the function starts, if the place is not that. */
  startLine?: number
  startColumn?: number
  /** Neither map nor source gives the function's name, so it is the generated one. */
  isNameKept: boolean
  /** Text of the file, if the map carries it. */
  content: string | undefined
}

/** A generated script with its map: returns the original position of frames. */
export class MappedScript {
  readonly #map: SourceMap
  readonly #mapPath: string
  readonly #files: MapFiles
  readonly #sources = new Map<number, OriginalFile>()

  /** @param mapPath path of the map: names in it are relative to that */
  constructor(map: SourceMap, mapPath: string, files: MapFiles) {
    this.#map = map
    this.#mapPath = mapPath
    this.#files = files
  }

  /** The original position of a frame, or why there is none. */
  place(frame: Frame): Place | MissReason {
    if (frame.lineno === 0) return 'no position'
    const { sources } = this.#map
    if (isWholeScript(frame)) {
      // Its start is the start of whichever file came first: the answer is right only for a script made from
      // one file.
      if (sources.length !== 1) return 'whole script'
      return this.#at({ source: 0, line: 0, column: 0, name: '', generatedColumn: 0 }, '', false)
    }
    const line = frame.lineno - 1
    if (frame.column === 0) {
      const found = this.#map.lineAt(line)
      return found ? this.#at(found, frame.functionName, isGivenName(frame.functionName)) : 'no position'
    }
    // A function starts at the `(` of its parameters, which few compilers map; what is at or before it is
    // mapped.
    const found = this.#map.at(line, frame.column - 1)
    if (!found || sources[found.source] === '') return 'not mapped'
    if (frame.exact && frame.startLine > 0) return this.#inFunction(frame, found)
    if (!isGivenName(frame.functionName) && frame.functionName !== '')
      return this.#at(found, frame.functionName, false)
    const name = frame.exact ? '' : this.#nameOf(frame, found)
    return this.#at(found, name || frame.functionName, name === '' && frame.functionName !== '')
  }

  /** The place of an operation, in the function that the place where its function starts tells. */
  #inFunction(
    { filename, functionName, startLine, startColumn }: Frame,
    found: Original,
  ): Place | MissReason {
    const start = this.place(new Frame(filename, startLine, functionName, startColumn, false))
    if (typeof start === 'string') return this.#at(found, functionName, functionName !== '')
    const place = this.#at(found, start.functionName, start.isNameKept)
    if (typeof place === 'string' || place.filename !== start.filename) return place
    return { ...place, startLine: start.lineno, startColumn: start.column }
  }

  #at(found: Original, functionName: string, isNameKept: boolean): Place | MissReason {
    const source = this.#source(found.source)
    if (source.filename === '') return 'not mapped'
    return {
      functionName,
      filename: source.filename,
      lineno: found.line + 1,
      column: found.column + 1,
      isNameKept,
      content: source.content,
    }
  }

  /** Original name of the function that starts at a frame's position; `''` if map and source do not tell. */
  #nameOf(frame: Frame, found: Original): string {
    const line = frame.lineno - 1
    const start = frame.column - 1
    const length = frame.functionName.length - (frame.functionName.lastIndexOf('.') + 1)
    if (length > 0) {
      for (const column of [
        start - length, // `name(`
        start + 'class '.length, // a constructor that is not written out starts at `class name`
        start - length - 1, // `name=x=>`, `name:x=>`, `name=class`, `class name{`
      ]) {
        const token = column >= 0 ? this.#map.at(line, column) : undefined
        if (token?.generatedColumn !== column || token.name === '') continue
        // Bundlers rename before they minify (`_Store` for a class that names itself); the text has the name
        // as written.
        const source = this.#source(token.source)
        return (
          (source.content && identifierAt(source.content, source.indexOf(token.line, token.column))) ||
          token.name
        )
      }
    }
    const source = this.#source(found.source)
    source.text ??= this.#files.read(source.filename) ?? ''
    const index = source.indexOf(found.line, found.column)
    return index < 0 ? '' : functionNameAt(source.text, index)
  }

  #source(index: number): OriginalFile {
    let source = this.#sources.get(index)
    if (!source) {
      const { name, relative } = sourceName(this.#map.sources[index], this.#mapPath)
      let filename = this.#map.sources[index] === '' ? '' : name
      for (const path of relative) {
        const local = this.#files.find(path)
        if (local === undefined) continue
        filename = local
        break
      }
      this.#sources.set(index, (source = new OriginalFile(filename, this.#map.contents[index])))
    }
    return source
  }
}

/** An original file. */
class OriginalFile {
  readonly filename: string
  /** Its text as the map carries it. */
  readonly content: string | undefined
  /** The same, or the text of the file on disk once needed; `''` if there is none. */
  text: string | undefined
  #lines: number[] | undefined

  constructor(filename: string, content: string | undefined) {
    this.filename = filename
    this.content = content
    this.text = content
  }

  /** Index into `text` of a position, both 0-based; -1 if the text has no such line. */
  indexOf(line: number, column: number): number {
    if (!this.text) return -1
    this.#lines ??= lineStarts(this.text)
    return line < this.#lines.length ? this.#lines[line] + column : -1
  }
}

/** Is the frame the top level of a script or module? */
function isWholeScript(frame: Frame): boolean {
  return !frame.exact && frame.functionName === '' && frame.lineno === 1 && frame.column === 1
}

/** Was the name in the program? V8's own are in brackets: `<instance_members_initializer>`, `(anonymous)`. */
function isGivenName(name: string): boolean {
  return name !== '' && !/^[<(]/.test(name)
}
