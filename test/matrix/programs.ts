// The forty programs of the matrix, and what is right to say of each.

/** A program and the truth about it. */
export interface Program {
  /** Its file under `programs`. */
  readonly file: string
  /** The function that allocates what leaks; a line alone for a function without a name. Absent where nothing leaks. */
  readonly leak?: string | number
  /** Threads that are traced; 1 when absent. */
  readonly threads?: number
  /** Units of work or requests from one step to the next; 800 when absent. */
  readonly units?: number
}

export const PROGRAMS: readonly Program[] = [
  { file: 'servers/express-sessions.mjs', leak: 'track' },
  { file: 'servers/fastify-audit.mjs', leak: 'record' },
  { file: 'servers/koa-history.mjs', leak: 'remember' },
  { file: 'servers/http-listeners.mjs', leak: 'subscribe' },
  { file: 'servers/ws-messages.mjs', leak: 'onMessage' },
  { file: 'servers/express-lru.mjs' },
  { file: 'servers/fastify-schema.mjs' },
  { file: 'servers/koa-handlebars.mjs' },
  { file: 'servers/http-recent.mjs' },
  { file: 'servers/ws-rooms.mjs', units: 200 },
  { file: 'jobs/fastq-results.mjs', leak: 'collect' },
  { file: 'jobs/p-queue-history.mjs', leak: 10 },
  { file: 'jobs/stream-index.mjs', leak: '_transform', units: 400 },
  { file: 'jobs/worker-jobs.mjs', leak: 'handle', threads: 2 },
  { file: 'jobs/async-generator.mjs', leak: 'events' },
  { file: 'jobs/rxjs-window.mjs' },
  { file: 'jobs/fastq-drained.mjs' },
  { file: 'jobs/p-queue-pool.mjs' },
  { file: 'jobs/stream-pipeline.mjs', units: 300 },
  { file: 'jobs/worker-pool.mjs', threads: 3 },
  { file: 'caches/lodash-memoize.mjs', leak: 6 },
  { file: 'caches/identity-map.mjs', leak: 'hydrate' },
  { file: 'caches/dataloader-global.mjs', leak: 6 },
  { file: 'caches/graphql-resolver.mjs', leak: 'resolveUser' },
  { file: 'caches/typescript-registry.ts', leak: 'register' },
  { file: 'caches/lru-fills.mjs' },
  { file: 'caches/lru-large.mjs' },
  { file: 'caches/memoize-warm.mjs' },
  { file: 'caches/dataloader-request.mjs' },
  { file: 'caches/typescript-ring.ts' },
  { file: 'text/handlebars-pages.mjs', leak: 9 },
  { file: 'text/ejs-errors.mjs', leak: 'report' },
  { file: 'text/acorn-names.mjs', leak: 'onToken' },
  { file: 'text/csv-records.mjs', leak: 'summarise' },
  { file: 'text/marked-headings.mjs', leak: 'heading' },
  { file: 'text/ejs-cache.mjs' },
  { file: 'text/acorn-lint.mjs' },
  { file: 'text/xml-validate.mjs' },
  { file: 'text/preact-render.mjs' },
  { file: 'text/pino-log.mjs' },
]

/** How a program is traced. */
export const WAYS = ['run', 'attach', 'library'] as const
type Way = (typeof WAYS)[number]

/** One square of the matrix. */
export interface Cell {
  readonly program: Program
  readonly way: Way
  /** Major version of Node. */
  readonly node: string
}

/** All cells, programs first, for some major versions of Node. */
export function cellsOf(nodes: readonly string[]): Cell[] {
  return nodes.flatMap(node => WAYS.flatMap(way => PROGRAMS.map(program => ({ program, way, node }))))
}

/** Which tenth of the matrix the cell of a number is in: each holds some of every way, version and kind. */
export function tenthOf(i: number): number {
  return (i + Math.floor(i / PROGRAMS.length)) % 10
}

/** What a cell is called. */
export function nameOf({ program, way, node }: Cell): string {
  return `${program.file} ${way} ${node}`
}
