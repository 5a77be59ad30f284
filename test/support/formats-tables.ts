import type { Carried, Converter } from '../../converters/converter.ts'

/** A letter for each thing that can survive, in the order of the tables. */
const LETTERS: readonly (readonly [Carried, string, string])[] = [
  ['count', 'b', 'numbers of blocks'],
  ['function', 'f', 'function names'],
  ['lineno', 'l', 'line numbers'],
  ['column', 'c', 'columns'],
  ['exact', 'x', 'whether a line is the calling line'],
  ['domain', 'd', 'domains'],
  ['type', 't', 'types'],
  ['totalNframe', 'n', 'frames before truncation'],
  ['ordinal', 'o', 'samples, for error bars and for comparing reads'],
  ['meta', 'm', 'metadata: interval, session, time, runtime ...'],
  ['measures', 's', 'several snapshots'],
]

/** The tables of docs/formats.md: what each format is, and what survives from each to each other. */
export function formatsTables(converters: readonly Converter[]): string {
  const from = converters.filter(converter => converter.read)
  const to = converters.filter(converter => converter.write)
  return [
    ...table([
      ['format', 'files', 'read', 'written', 'detects truncation', 'differences'],
      ...converters.map(formatCells),
    ]),
    '',
    "The next table shows what a conversion from a row's format to a column's format keeps, one letter for each kind of data. Stacks, file names and\nsizes are always kept.",
    '',
    ...LETTERS.map(([, letter, words]) => `- **${letter}** ${words}`),
    '',
    ...table([
      ['from \\ to', ...to.map(converter => converter.name)],
      ...from.map(source => [`**${source.name}**`, ...to.map(target => `\`${survivors(source, target)}\``)]),
    ]),
  ].join('\n')
}

function formatCells({ name, spec, extensions, read, write, truncation, difference }: Converter): string[] {
  const link = spec.startsWith('docs/') ? `#${name}` : spec
  return [
    `[${name}](${link})`,
    extensions.map(extension => `\`${extension}\``).join(' '),
    read ? 'yes' : '',
    write ? 'yes' : '',
    read ? (truncation === 'always' ? 'always' : 'if possible') : '',
    difference === 'negative' ? 'negative sizes' : difference === 'pair' ? 'old and new' : '',
  ]
}

function survivors(source: Converter, target: Converter): string {
  return LETTERS.map(([what, letter]) =>
    source.carries.includes(what) && target.carries.includes(what) ? letter : '·',
  ).join('')
}

/** A table with aligned columns; the first row is its head. */
function table([head, ...rows]: readonly string[][]): string[] {
  const width = head.map((_, i) => Math.max(3, ...[head, ...rows].map(cells => cells[i].length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(width[i])).join(' | ')} |`
  return [line(head), line(width.map(n => '-'.repeat(n))), ...rows.map(line)]
}
