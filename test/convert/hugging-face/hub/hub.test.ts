/** Models from and to the hub, against a server of the same API. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { downloadModel, importHf, uploadModel } from '../../../../src/convert/index.js'
import { temporaryFolder } from '../../../files/temporary-folder.js'
import { runHere } from '../../../cli/run-here.js'
import { fixture } from '../../../model/goldens.js'
import { startHub, TOKEN, type Hub } from './server.js'

const NAME = 'owner/tiny-neo'
const folder = fixture('evaluate/model')
const FILES = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
const WEIGHTS = 'model.safetensors'

/** A hub with a model, and the environment of a user who has nothing in the cache. */
async function world(
  t: TestContext,
): Promise<{ hub: Hub; at: string; environment: Record<string, string | undefined> }> {
  const hub = await startHub(t)
  hub.repositories.set(
    NAME,
    new Map([...FILES, ['README.md', Buffer.from('# tiny')], ['flax_model.msgpack', Buffer.from('x')]]),
  )
  const at = temporaryFolder(t)
  return {
    hub,
    at,
    environment: {
      HF_ENDPOINT: hub.url,
      HF_HUB_CACHE: join(at, 'cache'),
      HF_TOKEN: undefined,
      HF_HUB_OFFLINE: undefined,
    },
  }
}

/** Runs with variables of the environment. */
async function within<T>(environment: Record<string, string | undefined>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  try {
    return await work()
  } finally {
    process.env = before
  }
}

/** An address where nothing answers. */
async function goneUrl(t: TestContext): Promise<string> {
  const hub = await startHub(t)
  await hub.close()
  return hub.url
}

const contentsOf = (path: string) =>
  Object.fromEntries(
    (readdirSync(path, { recursive: true }) as string[])
      .sort()
      .filter((name) => /\.\w+$/.test(name))
      .map((name) => [name, readFileSync(join(path, name)).toString('base64')]),
  )

test('import hf OWNER/NAME: the checkpoint is that of the folder; only a model is downloaded, once', async (t) => {
  const { hub, at, environment } = await world(t)
  await importHf(folder, join(at, 'wanted'))
  const first = await runHere(['import', 'hf', NAME, '--out', join(at, 'first')], environment)
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stderr, /owner\/tiny-neo at commit [0-9a-f]{40}\n/)
  assert.deepEqual(contentsOf(join(at, 'first')), contentsOf(join(at, 'wanted')))
  assert.ok(!hub.log.some((line) => /README|msgpack/.test(line)), hub.log.join('\n'))
  // Python's layout, so that its cache and this one are one.
  const [commit] = readdirSync(join(at, 'cache/models--owner--tiny-neo/snapshots'))
  assert.equal(readFileSync(join(at, 'cache/models--owner--tiny-neo/refs/main'), 'utf8'), commit)

  hub.log.length = 0
  const second = await runHere(['import', 'hf', NAME, '--out', join(at, 'second'), '--revision', commit], environment)
  assert.equal(second.code, 0, second.stderr)
  assert.ok(!hub.log.some((line) => line.includes('/resolve/')), hub.log.join('\n'))

  await hub.close()
  const offline = await runHere(['import', 'hf', NAME, '--out', join(at, 'offline')], environment)
  assert.equal(offline.code, 0, offline.stderr)
  assert.match(offline.stderr, /cannot be reached; the owner\/tiny-neo that was downloaded before is used/)
  const asked = await runHere(['import', 'hf', NAME, '--out', join(at, 'asked')], {
    ...environment,
    HF_HUB_OFFLINE: '1',
  })
  assert.equal(asked.code, 0, asked.stderr)
})

test('a download that breaks resumes where it ended, in one run and in the next', async (t) => {
  const { hub, at, environment } = await world(t)
  hub.breaks.set(WEIGHTS, [40_000, 10_000])
  const sizes: number[] = []
  await within(environment, () => downloadModel(NAME, { onProgress: ({ bytes }) => sizes.push(bytes) }))
  const ranges = hub.log
    .filter((line) => line.includes(WEIGHTS) && line.includes('bytes=') && !line.endsWith('=0-0'))
    .map((line) => Number(/bytes=(\d+)-/.exec(line)![1]))
  assert.equal(ranges.length, 2)
  assert.ok(ranges[0] > 0 && ranges[0] <= 40_000 && ranges[1] > ranges[0] && ranges[1] <= 50_000, String(ranges))
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  )

  const cache = join(at, 'other')
  hub.breaks.set(WEIGHTS, [30_000, 0, 0, 0, 0])
  await assert.rejects(
    within(environment, () => downloadModel(NAME, { cache })),
    /^FileError: the folder owner\/tiny-neo does not exist, and http.* cannot be reached \(\w+\)\. Check the path or the network/,
  )
  hub.log.length = 0
  const { folder: found } = await within(environment, () => downloadModel(NAME, { cache }))
  const [resumed] = hub.log.filter((line) => line.includes(WEIGHTS) && !line.endsWith('=0-0'))
  assert.match(resumed, /bytes=[1-9]\d*-/)
  assert.ok(readFileSync(join(found, WEIGHTS)).equals(FILES.get(WEIGHTS)!))
})

test('content that differs from its checksum is an error, and is not kept', async (t) => {
  const { hub, at, environment } = await world(t)
  for (const damaged of [WEIGHTS, 'config.json']) {
    hub.damage = (path, content) =>
      path === damaged ? Buffer.concat([content.subarray(1), Buffer.from('x')]) : content
    const cache = join(at, damaged)
    await assert.rejects(
      within(environment, () => downloadModel(NAME, { cache })),
      new RegExp(
        `^FileError: ${damaged.replace('.', '\\.')} of owner/tiny-neo must have the checksum [0-9a-f]+ \\(it differs`,
      ),
    )
    const kept = readdirSync(cache, { recursive: true }) as string[]
    assert.ok(!kept.some((name) => name.endsWith('.incomplete') || name.endsWith(`/${damaged}`)), kept.join(' '))
  }
})

test('what cannot be downloaded is one line with a remedy; the token is never shown', async (t) => {
  const { hub, at, environment } = await world(t)
  const pickle = new Map([...FILES].filter(([name]) => name !== WEIGHTS))
  hub.repositories.set('owner/pickle', pickle.set('pytorch_model.bin', Buffer.from('x')))
  hub.repositories.set('owner/closed', FILES)
  hub.repositories.set('owner/empty', new Map([['README.md', Buffer.from('x')]]))
  hub.closed.add('owner/closed')
  const gone = await goneUrl(t)
  const cases: [args: string[], changes: Record<string, string>, words: RegExp][] = [
    [
      ['owner/pickle'],
      {},
      /owner\/pickle must have its weights in safetensors \(got pytorch_model\.bin, a torch pickle, .*\)\. Convert it in Python: .*from_pretrained\("owner\/pickle"\)\.save_pretrained\("pickle"\).* Then: neomesh import hf pickle/,
    ],
    [['owner/empty'], {}, /owner\/empty must have a config\.json/],
    [
      ['owner/none'],
      {},
      /the folder owner\/none does not exist, and http:.* has no such model, or it is not open to you \(401\)\. .*set HF_TOKEN/,
    ],
    [['owner/closed'], { HF_TOKEN: 'hf_other' }, /it is not open to you \(401\)/],
    [[NAME, '--revision', 'v9'], {}, /has no such model with revision v9 \(404\)\. Check the name and --revision/],
    [
      [NAME],
      { HF_ENDPOINT: gone },
      /the folder owner\/tiny-neo does not exist, and http:\/\/127\.0\.0\.1:\d+ cannot be reached \(\w+\)\. .*hf download owner\/tiny-neo --local-dir FOLDER/,
    ],
    [[NAME], { HF_TOKEN: 'secret' }, /HF_TOKEN must be an access token, which begins with hf_ \(got another text\)/],
    [[NAME], { HF_ENDPOINT: 'hub' }, /HF_ENDPOINT must be a URL such as https:\/\/huggingface\.co \(got hub\)/],
    [[NAME], { HF_HUB_OFFLINE: '1' }, /owner\/tiny-neo must be in the cache .* \(it is not\)\. Unset HF_HUB_OFFLINE/],
  ]
  for (const [args, changes, words] of cases) {
    const out = join(at, 'out')
    const { code, stderr } = await runHere(['import', 'hf', ...args, '--out', out], { ...environment, ...changes })
    assert.equal(code, 1, stderr)
    assert.match(stderr, words)
    assert.match(stderr, /^neomesh: [^\n]+\n$/)
    assert.ok(!/secret|hf_other/.test(stderr) && !existsSync(out))
  }
  const open = await runHere(['import', 'hf', 'owner/closed', '--out', join(at, 'open')], {
    ...environment,
    HF_TOKEN: TOKEN,
  })
  assert.equal(open.code, 0, open.stderr)
})

test('export hf --push: the repository is made, and what is imported from it is the model', async (t) => {
  const { hub, at, environment } = await world(t)
  const withToken = { ...environment, HF_TOKEN: TOKEN }
  await importHf(folder, join(at, 'model'))
  const pushed = await runHere(['export', 'hf', join(at, 'model'), '--push', 'me/new'], withToken)
  assert.equal(pushed.code, 0, pushed.stderr)
  assert.match(pushed.stderr, /tensors, .* parameters: http:.*\/me\/new\n$/)
  const files = hub.repositories.get('me/new')!
  assert.deepEqual([...files.keys()].sort(), ['config.json', WEIGHTS, 'tokenizer.json', 'tokenizer_config.json'])
  const back = await runHere(['import', 'hf', 'me/new', '--out', join(at, 'back')], withToken)
  assert.equal(back.code, 0, back.stderr)
  const [wanted, found] = [join(at, 'model'), join(at, 'back')].map(contentsOf)
  for (const name of Object.keys(wanted).filter((each) => /safetensors$/.test(each)))
    assert.equal(found[name], wanted[name])

  // Again, into the repository that exists, and keeping the folder.
  const again = await runHere(
    ['export', 'hf', join(at, 'model'), '--push', 'me/new', '--out', join(at, 'hf')],
    withToken,
  )
  assert.equal(again.code, 0, again.stderr)
  assert.ok(existsSync(join(at, 'hf', WEIGHTS)))

  for (const [args, changes, words] of [
    [['--push', 'me/new'], { HF_TOKEN: undefined }, /a token is needed to push me\/new \(got none\)\. Set HF_TOKEN/],
    [['--push', 'me/new'], { HF_TOKEN: 'hf_reader' }, /must let this token write to me\/new \(it refuses: 401\)/],
    [['--push', 'new'], {}, /--push must be the name of a model of the hub, OWNER\/NAME \(got new\)/],
    [[], {}, /Name one with --out or --push/],
  ] as const) {
    const { code, stderr } = await runHere(['export', 'hf', join(at, 'model'), ...args], { ...withToken, ...changes })
    assert.equal(code, 1, stderr)
    assert.match(stderr, words)
    assert.ok(!stderr.includes('hf_reader'))
  }
  await assert.rejects(
    within({ ...withToken, HF_ENDPOINT: await goneUrl(t) }, () => uploadModel(folder, 'me/new')),
    /^FileError: cannot reach http:\/\/127\.0\.0\.1:\d+ \(\w+\)\. Check the network, or export to a folder with --out/,
  )
})
