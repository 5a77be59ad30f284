import { execFileSync } from 'node:child_process'
import { root } from './cli.ts'

/** Builds `dist/` once before the tests: the command is tested as it is shipped. */
export default function setup(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
}
