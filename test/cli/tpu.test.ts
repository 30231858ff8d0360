/** `neomesh tpu` as a user runs it: what it prints, refuses and would do. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { cloudWorld } from '../cloud/world.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { launcher, runHere } from './run-here.js'
import { makeWorld } from './world.js'

test('create, list, describe and delete', async (t) => {
  const { cloud, folder } = await cloudWorld(t)
  const neomesh = (args: string) => runHere(args.split(' '), { ...cloud.environment, HOME: folder })
  const made = await neomesh('tpu create mine --tpu v5litepod-8 --zone us-west4-a --spot --label team=text')
  assert.equal(made.code, 0, made.stderr)
  assert.equal(made.stdout, 'mine us-west4-a READY\n')
  assert.match(made.stderr, /It deletes itself in 24 h/)
  const { stdout } = await neomesh('tpu list --all-zones')
  assert.match(stdout, /^mine +us-west4-a +v5litepod-8\b.* +READY .* USD/m)
  assert.match(stdout, /^of-a-colleague .* 6\.2\d USD +not of neomesh/m)
  assert.match(stdout, /^waits-for-a-colleague .* not of neomesh; holds quota without a TPU: delete it/m)
  assert.equal(JSON.parse((await neomesh('tpu list --mine --json')).stdout).length, 1)
  assert.equal(JSON.parse((await neomesh('tpu describe mine')).stdout).node.state, 'READY')
  const refused = await neomesh('tpu delete of-a-colleague')
  assert.match(refused.stderr, /^neomesh: "of-a-colleague" in us-west4-a was not created by neomesh/)
  assert.equal((await neomesh('tpu delete mine')).stdout, 'deleted 1 resource; nothing of mine is left\n')
  assert.equal((await neomesh('tpu delete --mine')).stdout, 'nothing to delete\n')
})

test('training that does not fit, is not confirmed or cannot work is refused before any call', async (t) => {
  const { cloud, folder } = await cloudWorld(t)
  await makeWorld(folder, { mesh_shape: 'x:8', layout: 'batch:x', train_batch_size: 8, eval_batch_size: 8 })
  const train = (args: string) =>
    runHere(
      `tpu train ${folder}/model.json --tpu v5litepod-8 --zone us-west4-a --run gs://b/r --data ${folder}/data ${args}`
        .trim()
        .split(' '),
      {
        ...cloud.environment,
        HOME: folder,
        NEOMESH_CACHE: join(folder, 'cache'),
      },
    )
  for (const [args, words] of [
    [
      '--override n_embd=65536 --yes',
      /^neomesh: a training step must fit into the 16\.9 GB of a device of v5litepod-8 \(it needs .*\)\. (Set|Use)/m,
    ],
    ['', /^neomesh: renting a TPU must be confirmed \(standard input is not a terminal\)\. Run it with --yes$/m],
    ['--data nowhere --yes', /^neomesh: the data must be in a bucket or a folder .* \(got "nowhere"\)/m],
    ['--mesh x:4 --yes', /^neomesh: mesh_shape must be for the 8 devices of v5litepod-8/m],
    ['--name Mine --yes', /^neomesh: name must be at most 50 lower-case letters/m],
    ['--zones us-central2-b --yes', /^neomesh: zone must be one of/m],
    ['--max-cost 0', /--max-cost.*must be a number > 0/],
  ] as const) {
    const { code, stderr } = await train(args)
    assert.equal(code, 1, args)
    assert.match(stderr, words)
  }
  assert.deepEqual(cloud.calls, [])
})

test('a dry run prints every call and command, and makes none', async (t) => {
  const { cloud, folder } = await cloudWorld(t)
  await makeWorld(folder, { mesh_shape: 'x:8', layout: 'batch:x', train_batch_size: 8, eval_batch_size: 8 })
  const { code, stdout, stderr } = await runHere(
    `tpu train ${folder}/model.json --tpu v5litepod-8 --zone us-west4-a --run gs://b/r --data ${folder}/data --dry-run`.split(
      ' ',
    ),
    { ...cloud.environment, HOME: folder },
  )
  assert.equal(code, 0, stderr)
  for (const words of [
    /^price: about 12\.48 USD per hour .* at most 24\.00 h and 299\.52 USD$/m,
    /^google\.cloud\.tpu\.v2\.Tpu\.CreateQueuedResource \{$/m,
    /"neomesh": "tpu"/,
    /^ssh -i .* 'sh -s' <<'END'$/m,
    /neomesh\.mjs train config\.json --run gs:\/\/b\/r --data data --mesh x:8 --device/,
    /^google\.cloud\.tpu\.v2\.Tpu\.DeleteQueuedResource .* force$/m,
    /^google\.cloud\.tpu\.v2\.Tpu\.ListNodes projects\/neomesh-test\/locations\/- /m,
  ])
    assert.match(stdout, words)
  assert.deepEqual(cloud.calls, [])
})

test('zones are listed without a call', async () => {
  const { stdout } = await runHere(['tpu', 'zones', 'v4-16'])
  assert.match(
    stdout,
    /^v4-16: 8 chips, 8 devices, 2 workers\nruntime version: tpu-ubuntu2204-base\n.*USD per hour.*\nzones:\n {2}us-central2-b\n$/s,
  )
})

/** Starts `neomesh tpu stand-in`; gives the variables that it prints, as a client has them. */
async function startStandIn(home: string, script: object) {
  writeFileSync(join(home, 'script.json'), JSON.stringify({ pace: 50, sshDelay: 50, ...script }))
  const args = [launcher, 'tpu', 'stand-in', '--script', join(home, 'script.json')]
  const standIn = spawn(process.execPath, args, { env: { ...process.env, HOME: home } })
  const exit = new Promise<void>((resolve) => standIn.on('exit', () => resolve()))
  let text = ''
  const said = async (words: string) => {
    while (!text.includes(words)) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  standIn.stdout.on('data', (chunk) => (text += chunk))
  await Promise.race([said('Commands here'), exit.then(() => assert.fail(text))])
  const pairs = /export (.*)/.exec(text)![1].split(' ')
  const variables = Object.fromEntries(pairs.map((each) => each.split(/=(.*)/s))) as Record<string, string>
  const environment = { ...variables, PATH: variables.PATH.replace('$PATH', process.env.PATH!), HOME: home }
  return { standIn, said, exit, environment, folder: dirname(variables.NEOMESH_TPU_KEY) }
}

test('the stand-in that a user starts: its variables are enough, and at the end nothing of it is left', async (t) => {
  const home = temporaryFolder(t)
  const { standIn, said, exit, environment, folder } = await startStandIn(home, { creations: ['stockout'] })
  t.after(() => standIn.kill('SIGKILL'))
  const made = await runHere(
    'tpu create mine --tpu v5litepod-8 --zones us-west4-a,us-central1-a'.split(' '),
    environment,
  )
  assert.equal(made.stdout, 'mine us-central1-a READY\n', made.stderr)
  assert.match(made.stderr, /us-west4-a has no free capacity/)
  const there = await runHere(['tpu', 'run', 'mine', '--', 'echo', 'from', 'there'], environment)
  assert.equal(there.stdout.trim(), 'from there', there.stderr)
  standIn.stdin.write('list\npreempt\n')
  await said('nodes/mine\n')
  assert.equal((await runHere(['tpu', 'delete', 'mine'], environment)).code, 0)
  // Its key is its own: that of gcloud is neither read nor made.
  assert.deepEqual(readdirSync(home), ['script.json'])
  standIn.kill('SIGTERM')
  await exit
  assert.equal(standIn.exitCode, 143)
  assert.ok(!existsSync(folder))
})

test('a stand-in that is killed leaves neither processes of its workers nor files', async (t) => {
  const home = temporaryFolder(t)
  const { standIn, environment, folder } = await startStandIn(home, {})
  const made = await runHere('tpu create mine --tpu v5litepod-8 --zone us-west4-a'.split(' '), environment)
  assert.equal(made.code, 0, made.stderr)
  const left = () =>
    readdirSync('/proc').filter((id) => {
      try {
        return /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'utf8').includes(`${folder}/hosts/`)
      } catch {
        return false
      }
    })
  assert.ok(left().length > 0, 'the VM watches its time limit')
  standIn.kill('SIGKILL')
  while (left().length > 0 || existsSync(folder)) await new Promise((resolve) => setTimeout(resolve, 50))
})
