// The cases of the folder `torture`: small programs that log what they see.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/cli.ts'

export interface Case {
  readonly name: string
  readonly type: 'module' | 'commonjs'
  readonly text: string
}

const folder = join(root, 'test/lines/torture')

/** Every file is a list of cases: a line `# name`, and the program. `[module]` in the name says what it is. */
export function tortureCases(): Case[] {
  return readdirSync(folder).flatMap(file =>
    readFileSync(join(folder, file), 'utf8')
      .split(/^# /m)
      .slice(1)
      .map(part => {
        const end = part.indexOf('\n')
        const title = part.slice(0, end)
        return {
          name: `${file.replace('.txt', '')}: ${title}`,
          type: title.includes('[module]') ? 'module' : 'commonjs',
          text: part.slice(end + 1),
        }
      }),
  )
}
