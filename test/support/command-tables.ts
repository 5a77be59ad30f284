// The options of every command, as commander has them for its help.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { root } from './cli.ts'

/** Long names of each command's options, by the command's name. */
export async function commandTables(): Promise<Map<string, readonly string[]>> {
  const program = new Command()
  const files = readdirSync(join(root, 'src/cli/commands')).filter(name => name.endsWith('.ts'))
  for (const file of files) (await import(`../../src/cli/commands/${file}`)).register(program)
  return new Map(
    program.commands.map(command => [
      command.name(),
      [...command.options.map(option => option.long ?? option.flags), '--verbose'], // which all of them get
    ]),
  )
}
