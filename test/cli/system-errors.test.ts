// What the operating system refuses is one line and status 3, never an internal error, and nothing half is left behind.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main, root } from '../support/cli.ts'

const PROFILE = join(root, 'samples/heapprofile/node26-heapprof-i2048.heapprofile')
const HEAP = join(root, 'samples/heapsnapshot/made.heapsnapshot')
/** May this user mount a disk in a name space of its own? */
const MOUNTS = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracemalloc-errors-'))
  mkdirSync(join(folder, 'sealed'), { mode: 0o555 })
  mkdirSync(join(folder, 'closed'), { mode: 0 })
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'file'), '')
  symlinkSync('loop', join(folder, 'loop'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the command through a shell, as a user to whom modes mean something. */
function shell(command: string) {
  const tool = `"${process.execPath}" "${main}"`
  const line = command.replaceAll('TOOL', tool).replaceAll('DIR', folder)
  const bash = ['bash', '--norc', '-c', line] // it may take our pipe for a network connection, and read its start-up file
  const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups', '--'] : []
  const [file, ...args] = [...asNobody, ...bash]
  return spawnSync(file, args, { encoding: 'utf8', cwd: root })
}

const COMMANDS: [what: string, command: string, says: RegExp][] = [
  [
    'a folder that nobody may write to',
    `TOOL convert ${PROFILE} DIR/sealed/x.pb.gz`,
    /cannot write .*x\.pb\.gz: no permission/,
  ],
  [
    'a folder that is not there',
    `TOOL convert ${PROFILE} DIR/none/x.pb.gz`,
    /cannot write .*: no such file or folder/,
  ],
  [
    'a file in place of a folder',
    `TOOL convert ${PROFILE} DIR/file/x.pb.gz`,
    /: part of the path is not a folder/,
  ],
  ['a link that leads to itself', `TOOL convert ${PROFILE} DIR/loop/x.pb.gz`, /: too many symbolic links/],
  ['a folder in place of a file', `TOOL top DIR/sealed/..//sealed`, /the folder has no snapshots/],
  [
    'a name that is too long',
    `TOOL convert ${PROFILE} /tmp/${'x'.repeat(300)}.pb.gz`,
    /: the name is too long/,
  ],
  ['a name that is too long to read', `TOOL top DIR/${'x'.repeat(300)}`, /: the name is too long/],
  ['a link that leads to itself, to read', `TOOL top DIR/loop`, /: too many symbolic links/],
  [
    'a full disk behind convert',
    `TOOL convert ${PROFILE} - --to csv > /dev/full`,
    /cannot write standard output: no space left/,
  ],
  [
    'a full disk behind top',
    `TOOL top ${PROFILE} > /dev/full`,
    /cannot write standard output: no space left/,
  ],
  [
    'a full disk behind batch',
    `TOOL batch samples/series --format json > /dev/full`,
    /cannot write standard output: no space left/,
  ],
  ['a full disk behind heap', `TOOL heap ${HEAP} > /dev/full`, /cannot write standard output: no space left/],
  [
    'a baseline in such a folder',
    `TOOL check DIR/sealed/b ${PROFILE} --update`,
    /cannot make the folder .*: no permission/,
  ],
  [
    'a run into such a folder',
    `TOOL run --out DIR/sealed/x samples/programs/leak.js 1`,
    /cannot make the folder .*: no permission/,
  ],
  [
    'a run into a file there',
    `TOOL run -o DIR/sealed/x.pb.gz samples/programs/leak.js 1`,
    /cannot write into .*: no permission/,
  ],
  ['a run into a file', `TOOL run --out DIR/file samples/programs/leak.js 1`, /a file with that name exists/],
  [
    'a folder of many that nobody may read',
    `TOOL batch DIR/closed`,
    /cannot read the folder .*closed: no permission/,
  ],
  ['one of many in such a folder', `TOOL batch DIR/closed/x.pb.gz`, /cannot read .*x\.pb\.gz: no permission/],
  ['a link among many', `TOOL batch DIR/loop`, /cannot read .*loop: too many symbolic links/],
  [
    'budgets in such a folder',
    `TOOL check ${PROFILE} ${PROFILE} --config DIR/closed/c.json`,
    /cannot read .*c\.json: no permission/,
  ],
  [
    'source maps in such a folder',
    `TOOL top ${PROFILE} --source-maps=DIR/closed`,
    /cannot read the folder .*closed: no permission/,
  ],
  ['a folder as standard input', 'TOOL top - < DIR', /^tracemalloc: -: .*it is a folder/],
  ['a folder as standard input of heap', 'TOOL heap - < DIR', /^tracemalloc: -: .*it is a folder/],
  [
    'a run into a folder that cannot be made',
    'timeout 30 TOOL run --out /proc/none/x samples/programs/leak.js 1',
    /cannot make the folder \/proc\/none\/x: /,
  ],
  [
    'a working folder that has gone',
    `cd $(mktemp -d) && rmdir $PWD && TOOL top ${PROFILE}`,
    /the working folder no longer exists; change to another folder/,
  ],
  [
    'a file that may grow no further',
    `trap '' XFSZ; ulimit -f 1; TOOL convert ${PROFILE} /tmp/tracemalloc-$$.csv`,
    /larger than allowed/,
  ],
]

describe('what the system refuses', () => {
  it.each(COMMANDS)('%s', (_, command, says) => {
    const before = readdirSync(tmpdir()).filter(name => name.endsWith('.tmp'))
    const { status, stderr } = shell(command)
    expect(stderr).toMatch(says)
    expect(stderr.replace(/^tracemalloc: note: .*\n/gm, '')).toMatch(/^tracemalloc: [^\n]*\n$/)
    expect(stderr).not.toMatch(/internal error|^\s+at /m)
    expect(status).toBe(3)
    expect(readdirSync(folder).sort()).toEqual(['closed', 'file', 'loop', 'sealed'])
    expect(readdirSync(join(folder, 'sealed'))).toEqual([])
    expect(readdirSync(tmpdir()).filter(name => name.endsWith('.tmp'))).toEqual(before)
  })

  it.runIf(MOUNTS)('a run into a new folder on a read-only disk', () => {
    const { status, stderr } = spawnSync(
      'unshare',
      [
        ...['-Urm', 'sh', '-c', 'mount -t tmpfs -o ro none /mnt && exec "$@"', 'sh'],
        ...[process.execPath, main, 'run', '--out', '/mnt/a/b', 'samples/programs/leak.js', '1'],
      ],
      { encoding: 'utf8', cwd: root },
    )
    expect(stderr).toBe('tracemalloc: cannot make the folder /mnt/a/b: the file system is read-only\n')
    expect(status).toBe(3)
  })

  it('a folder among many is told, and the others are read', () => {
    const { status, stdout, stderr } = shell(`TOOL batch DIR samples/series --limit 1`)
    expect(stderr).toMatch(/^tracemalloc: \S*closed: .*no permission to read it$/m)
    expect(stderr).toMatch(/^tracemalloc: 1 of 13 files could not be read$/m)
    expect(stdout).toMatch(/leak\.js:7/)
    expect(status).toBe(3)
  })

  it('a reader that has seen enough is no error', () => {
    const { status, stderr } = shell(
      `set -o pipefail; TOOL top ${PROFILE} --limit 0 | head -1 > /dev/null; exit \${PIPESTATUS[0]}`,
    )
    expect([status, stderr.replace(/^tracemalloc: note: .*\n/gm, '')]).toEqual([0, ''])
  })
})
