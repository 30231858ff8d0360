import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../src/plan/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { runHere } from './run-here.js'
import { makeWorld } from './world.js'

const model = (name: string) => fileURLToPath(new URL(`../../../configs/models/${name}.json`, import.meta.url))
const eight = ['--mesh', 'x:8', '--layout', 'batch:x', '--parameter-layout', 'embd:x', '--batch', '8']

test('a plan by estimate, for people and as JSON', async () => {
  const args = ['plan', model('gpt3_XL'), '--topology', 'v3-8', ...eight, '--static']
  const { code, stdout, stderr } = await runHere(args)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(
    stdout,
    /^gpt3_XL\.json on v3-8: 8 devices on 4 chips, 1 host\n1,315,575,808 parameters; batch of 8 x 2,048 tokens/,
  )
  assert.match(stdout, /^arguments +1\.98$/m)
  assert.match(stdout, /^it fits: a device has 16\.62 GB for programs, by the estimate$/m)
  assert.match(stdout, /^all-gather +x +8 /m)
  const found = JSON.parse((await runHere([...args, '--json'])).stdout) as Plan
  assert.equal(found.xla, null)
  assert.equal(found.fits, true)
  assert.equal(found.hardware.chips, 4)
})

test('what does not fit is said, with what would', async () => {
  const args = [
    'plan',
    model('gpt3_XL'),
    '--topology',
    'v2-8',
    '--mesh',
    'x:8',
    '--layout',
    'batch:x',
    '--batch',
    '8',
    '--static',
  ]
  const { stdout } = await runHere(args)
  assert.match(stdout, /^it does not fit: a device has 8\.03 GB for programs, by the estimate$/m)
  assert.match(stdout, /^what would make it fit:\n {2}parameter_layout "embd:x": \d\.\d GB by the estimate$/m)
})

test('a plan for virtual CPU devices, compiled', async () => {
  const args = [
    'plan',
    model('tiny'),
    '--device',
    'cpu',
    '--mesh',
    'x:2,y:2',
    '--layout',
    'batch:x,heads:y',
    '--batch',
    '4',
  ]
  const { code, stdout } = await runHere(args)
  assert.equal(code, 0)
  assert.match(stdout, /^tiny\.json on 4 CPU devices\n/)
  assert.match(stdout, /^collectives of a step +along/m)
  assert.match(stdout, /^compiled by lammps-jax-pjrt-cpu 0\.11\.2 in /m)
})

test('mistakes are one line each', async () => {
  const refused = async (args: string[], message: RegExp) => {
    const { code, stderr, stdout } = await runHere(['plan', model('tiny'), ...args])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, message)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
  await refused(
    [],
    /^neomesh: hardware must be given\. Name it with --topology, such as v3-8 or h100-8, or pass --device cpu$/m,
  )
  await refused(['--topology', 'v3-9'], /^neomesh: topology must be one of v3-8, .* \(got "v3-9"\)/)
  await refused(
    ['--topology', 'v3-8'],
    /^neomesh: mesh_shape must be for the 8 devices of v3-8 \(got no mesh\)\. Set another with --mesh/,
  )
  await refused(['--topology', 'v3-8', '--device', 'cpu'], /^neomesh: --topology cannot be combined with --device/)
  await refused(['--topology', 'v3-8', '--devices', '8'], /^neomesh: --devices cannot be combined with --topology/)
  await refused(
    ['--topology', 'v3-8', '--static', '--save-executable', 'step'],
    /^neomesh: --save-executable cannot be combined with --static/,
  )
  await refused(
    ['--topology', 'h100-9'],
    /^neomesh: topology must have 1 to 8 GPUs, .* \(got "h100-9"\)\. Use h100-16$/m,
  )
  await refused(
    ['--topology', 'mi300x-1'],
    /^neomesh: plans for mi300x-1 must be by estimate alone: .* Pass --static$/m,
  )
  await refused(['--device', 'cpu', '--search'], /^neomesh: --search requires the speed of the devices/)
})

test('without the compiler for TPUs, how to install it', async () => {
  const args = ['plan', model('tiny'), '--topology', 'v5litepod-4', '--mesh', 'x:4', '--layout', 'batch:x']
  const { code, stderr } = await runHere(args, { PJRT_PLUGIN_LIBRARY_PATH: '/nowhere/libtpu.so' })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^neomesh: libtpu, Google's compiler for TPUs, is not installed .*: make plan-setup, .* --static$/m,
  )
})

test('a step that a plan has kept is what training loads, and only that', async (t) => {
  const folder = temporaryFolder(t)
  await makeWorld(folder)
  const at = (name: string) => join(folder, name)
  const mesh = ['--mesh', 'x:2', '--layout', 'batch:x']
  const kept = await runHere(['plan', at('model.json'), '--device', 'cpu', ...mesh, '--keep', at('step')])
  assert.equal(kept.code, 0, kept.stderr)
  const train = (file: string, ...more: string[]) => {
    const args = ['train', at('model.json'), '--data', at('data'), '--run', at('run'), ...mesh, '--compiled', at(file)]
    return runHere([...args, ...more], { NEOMESH_CACHE: 'off' })
  }
  assert.match(
    (await train('model.json')).stderr,
    /model\.json must be a compiled program\. Write one with `neomesh plan --keep`\.$/m,
  )
  const other = /^neomesh: the compiled train_step must be of this program \(got another\)\. .* --layers scan\.$/m
  assert.match((await train('step', '--batch', '4')).stderr, other)
  const { code, stderr } = await train('step', '--layers', 'scan')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^training step: traced in .*, loaded from the cache in /m)
})
