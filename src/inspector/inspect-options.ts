// Where a Node process would open its inspector, according to its options.

/** An option that names a host for the inspector. */
export interface NamedHost {
  /** As written: `--inspect-port=0.0.0.0:9229`. */
  option: string
  host: string
}

/** Options of Node that name a host, written with `-` for `_`. */
const NAMES = /^--(?:inspect|inspect-brk|inspect-wait|inspect-brk-node|inspect-port|debug-port)$/
/** Those whose value may be the next argument. */
const SEPARATE = /^--(?:inspect-port|debug-port)$/

/**
 * The hosts that the inspector may use: the last one that Node's own options certainly name, in NODE_OPTIONS
 * and then among the arguments, and all after what may be the program (`-r file` looks like `--flag
 * program`).
 */
export function inspectorHosts(args: readonly string[], nodeOptions = ''): NamedHost[] {
  const isWord = (arg: string | undefined) => arg !== undefined && !arg.startsWith('-')
  const end = args.findIndex((arg, i) => arg === '--' || (isWord(arg) && (i === 0 || isWord(args[i - 1]))))
  const own = end < 0 ? args : args.slice(0, end) // the rest belongs to the program
  const word = own.findIndex(isWord)
  const isSure = ({ at }: { at: number }) => word < 0 || at < word
  const named = namedHosts(own)
  const sure = [...namedHosts(words(nodeOptions)), ...named.filter(isSure)]
  return [...sure.slice(-1), ...named.filter(one => !isSure(one))].map(({ option, host }) => ({
    option,
    host,
  }))
}

/** Are further options read from a file, so that only the process itself knows them? */
export function readsOptions(args: readonly string[]): boolean {
  return args.some(arg => /^--(env-file|experimental-(default-)?config-file)/.test(arg))
}

function namedHosts(args: readonly string[]): (NamedHost & { at: number })[] {
  const found: (NamedHost & { at: number })[] = []
  for (const [at, arg] of args.entries()) {
    const [, rawName, , value] = /^([^=]*)(=(.*))?$/s.exec(arg) ?? []
    const name = rawName.replaceAll('_', '-')
    if (!NAMES.test(name)) continue
    const text = value ?? (SEPARATE.test(name) ? args[at + 1] : undefined)
    const host = hostOf(text ?? '')
    if (host !== '') found.push({ option: value === undefined ? `${arg} ${text}` : arg, host, at })
  }
  return found
}

/** The host in `host`, `host:port`, `port` or `[host]:port`, as Node parses it; empty if there is none. */
function hostOf(text: string): string {
  const bare = (host: string) => host.replace(/^\[(.*)\]$/, '$1')
  if (/^\[.*\]$/.test(text)) return bare(text)
  const colon = text.lastIndexOf(':')
  if (colon < 0) return /^\d*$/.test(text) ? '' : text
  return bare(text.slice(0, colon))
}

/** The words of NODE_OPTIONS. Double quotes hold spaces; `\\` escapes the next character. */
function words(text: string): string[] {
  const found = text.match(/(?:"(?:\\.|[^"\\])*"?|\\.|[^\s"])+/gs) ?? []
  return found.map(word => word.replace(/\\(.)|"/gs, '$1'))
}
