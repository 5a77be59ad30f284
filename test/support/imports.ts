// Who imports whom, read from the sources: for the rule, the drawing and the table of tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './cli.ts'

/** Files of these folders with one of the endings, as paths below the project's folder, sorted. */
export function filesIn(...folders: readonly string[]): string[] {
  return folders
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.ts'))
        .map(name => join(folder, name)),
    )
    .sort()
}

/** What a file imports, types included, as it is written there. */
export function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [
    ...text.matchAll(
      /(?:^|\n)(?:import|export)[^'"\n]*?(?:\n[^'"]*?)?from '([^']+)'|import\('([^']+)'\)|\nimport '([^']+)'/g,
    ),
  ].map(m => m[1] ?? m[2] ?? m[3])
}

/** The project's own files that a file imports. */
export function targetsOf(path: string): string[] {
  return importsOf(path)
    .filter(name => name.startsWith('.'))
    .map(name => relative(root, join(root, dirname(path), name)))
    .filter(target => existsSync(join(root, target)))
}

/** `src/model/frame.ts` -> `model`; `src/index.ts` -> `index`; `converters/pprof/read.ts` -> `converters`. */
export function roomOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'src' ? parts[1].replace(/\.ts$/, '') : parts[0]
}
