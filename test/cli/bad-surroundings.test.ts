/** Full disks, closed pipes and odd plugins, met by the real command in a process of its own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launcher, runHere, snapshot, withoutNews } from './run-here.js'
import { makeWorld } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-odd-'))
const env = { ...process.env, NEOMESH_CACHE: join(world, 'cache') }
const linux = process.platform === 'linux' ? false : 'Linux only'

before(async () => {
  await makeWorld(world)
  process.env.NEOMESH_CACHE = env.NEOMESH_CACHE
  const here = (path: string) => join(world, path)
  const { code, stderr } = await runHere(['train', here('model.json'), '--data', here('data'), '--run', here('run')])
  assert.equal(code, 0, stderr)
})
after(() => rmSync(world, { recursive: true, force: true }))

/** The command by its path, for programs that run another. */
const real = `"${process.execPath}" "${launcher}"`

/** Runs a line of shell in the world, where `neomesh` is the command. */
function shell(line: string, stdout: 'pipe' | number = 'pipe') {
  const neomesh = `neomesh() { ${real} "$@"; }`
  const ended = spawnSync('bash', ['-c', `${neomesh}; ${line}`], {
    cwd: world,
    env,
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'pipe'],
  })
  return { code: ended.status, stdout: ended.stdout, stderr: withoutNews(ended.stderr) }
}
const says = ({ code, stderr }: ReturnType<typeof shell>, message: RegExp) => {
  assert.equal(code, 1, stderr)
  assert.match(stderr, message)
  assert.doesNotMatch(stderr, /^\s+at /m)
}
const files = () => snapshot(world).filter((line) => !line.startsWith('cache'))

test('a mistake in the real command: one line and status 1', () => {
  const { code, stdout, stderr } = shell('neomesh train none.json --run x')
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.equal(
    stderr,
    'neomesh: cannot read none.json: it does not exist. ' +
      'Check the path, which is relative to the current directory (ENOENT)\n',
  )
})

test('files that may not grow: an error, and nothing half-written', { skip: linux }, () => {
  const there = files()
  const limited = (blocks: number, line: string) => shell(`ulimit -f ${blocks}; ${line}`)
  says(limited(1, 'neomesh tokenizer train texts -n 300 -o t.json'), /cannot write .*t\.json/)
  says(limited(1, 'neomesh data prepare texts -t tokenizer.json -c 16 -o out'), /out.*larger than the system allows/)
  assert.deepEqual(files(), there)
})

test('folders where none can be made: an error at once', { skip: linux }, () => {
  const refused = (line: string) =>
    says(shell(`timeout 20 ${real} ${line}`), /cannot create .*\/proc does not accept new folders/)
  refused('tokenizer train texts -n 300 -o /proc/nope/t.json')
  refused('data prepare texts -t tokenizer.json -c 16 -o /proc/nope/out')
  refused('train model.json --data data --run /proc/nope')
  const { code, stderr } = shell(`NEOMESH_CACHE=/proc/nope timeout 20 ${real} sample run --prompt the --max-tokens 2`)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /not kept: cannot create the folder \/proc\/nope/)
})

test('a cache in a bucket is none: programs are of a machine', () => {
  const { code, stderr } = shell(`NEOMESH_CACHE=gs://bucket/cache ${real} sample run --prompt the --max-tokens 2`)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /not kept: NEOMESH_CACHE is gs:\/\/bucket\/cache/)
  assert.ok(!existsSync(join(world, 'gs:')))
})

test('a disk that fills up in training: what was saved stays, and the run resumes afterwards', { skip: linux }, () => {
  cpSync(join(world, 'run'), join(world, 'grown'), { recursive: true })
  const more = 'neomesh train model.json --data data --run grown --steps 6'
  says(shell(`ulimit -f 16; ${more}`), /cannot write .*step-00000006.*larger than the system allows/)
  const checkpoints = readdirSync(join(world, 'grown/checkpoints'))
  assert.deepEqual(checkpoints, ['step-00000004'])
  const { code, stderr } = shell(more)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /resuming after step 4 of 6/)
})

test('a small file system that is full', { skip: linux }, (context) => {
  const disk = join(world, 'disk')
  mkdirSync(disk)
  const mounted = (line: string) => shell(`exec unshare -m bash -c 'mount -t tmpfs -o size=16k none disk && ${line}'`)
  if (mounted('true').code !== 0) return context.skip('needs the right to mount')
  const showing = (folders: string, line: string) => mounted(`${real} ${line}; code=$?; ls -A ${folders}; exit $code`)
  const prepare = showing('disk', 'data prepare texts -t tokenizer.json -c 16 -o disk/out')
  says(prepare, /disk\/.*out.*no space is left on the device\. Free some space/)
  assert.equal(prepare.stdout, '')
  const train = showing('disk/run/*', 'train model.json --data data --run disk/run')
  says(train, /disk\/run\/.*no space is left on the device/)
  assert.doesNotMatch(train.stdout, /step-|partial/)
})

test('standard output on a full disk, or closed by its reader', { skip: linux }, () => {
  const full = openSync('/dev/full', 'w')
  for (const line of ['tokenizer encode text -t tokenizer.json', 'sample run --max-tokens 3'])
    says(shell(`neomesh ${line}`, full), /cannot write to standard output: no space is left/)
  const closed = shell('neomesh sample run --prompt the --count 50 | head -c 1; echo " ${PIPESTATUS[0]}"')
  assert.deepEqual(closed, { code: 0, stdout: 't 141\n', stderr: '' })
})

test('plugins: no PJRT plugin, and one of another age', { skip: linux }, (context) => {
  const sample = (plugin: string) => shell(`PJRT_PLUGIN_LIBRARY_PATH=${plugin} neomesh sample run`)
  const addon = fileURLToPath(new URL('../../../node_modules/@koromix/', import.meta.url))
  const name = (readdirSync(addon, { recursive: true }) as string[]).find((path) => path.endsWith('.node'))
  says(sample(join(addon, name!)), /must be a PJRT plugin \(got a shared library without GetPjrtApi\)/)
  const source = `static struct { unsigned long size; void *next; unsigned long version_size; void *more;
    int major, minor; char rest[4000]; } api = { 1000, 0, 24, 0, 0, 40 };
    void *GetPjrtApi(void) { return &api; }`
  writeFileSync(join(world, 'old.c'), source)
  if (spawnSync('cc', ['-shared', '-fPIC', '-o', 'old.so', 'old.c'], { cwd: world }).status !== 0)
    return context.skip('needs a C compiler')
  says(sample('./old.so'), /old\.so must have PJRT API 0\.57 or newer of major 0 \(got 0\.40.*Install another version/)
})

test('a cache that cannot be written is a note, not an end', { skip: linux }, () => {
  const { code, stdout, stderr } = shell('NEOMESH_CACHE=model.json neomesh sample run --prompt the --max-tokens 2')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^the/)
  assert.match(stderr, /^neomesh: note: compiled programs are not kept: /m)
  assert.ok(existsSync(join(world, 'model.json')))
})
