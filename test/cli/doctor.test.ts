/** `neomesh doctor`: what there is, whether it works, how to add what is missing. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { installed } from './installed.js'
import { runHere } from './run-here.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-doctor-'))
const neomesh = installed(world)
after(() => rmSync(world, { recursive: true, force: true }))

interface Found {
  readonly engine: string
  readonly device?: string
  readonly state: string
  readonly remedy: string | null
  readonly test: { readonly gigaflops: number } | null
}

test('with npm alone: the engine host works, and each missing one has its command', () => {
  const { status, stdout, stderr } = neomesh(['doctor'])
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^neomesh \d+\.\d+\.\d+, Node \d+/)
  assert.match(stdout, /^Python: none \(needed only/m)
  assert.match(stdout, /^host +works +host on cpu \(WebAssembly, \d+ threads?\); [\d.]+ GFLOP\/s$/m)
  assert.match(stdout, /^xla --device cpu +missing +.*(pip install|host)/m)
  assert.match(stdout, /^tfjs-node-gpu +missing +npm install @tensorflow\/tfjs-node-gpu$/m)
  assert.match(stdout, /^Without --engine and --device: host$/m)
  assert.ok(stdout.split('\n').length < 24, 'it fits a screen')
})

test('--json tells programs the same; what fails says why', () => {
  const broken = join(world, 'node_modules/@tensorflow/tfjs-node')
  mkdirSync(broken, { recursive: true })
  writeFileSync(join(broken, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', version: '4.22.0' }))
  writeFileSync(join(broken, 'index.js'), 'throw new Error("The Node.js native addon module can not be found")')
  const { status, stdout, stderr } = neomesh(['doctor', '--json'])
  assert.equal(status, 0, stderr)
  const { engines, default: usual } = JSON.parse(stdout) as { engines: Found[]; default: string }
  assert.equal(usual, 'host')
  const states = Object.fromEntries(
    engines.map(({ engine, device, state }) => [`${engine} ${device ?? ''}`.trim(), state]),
  )
  assert.deepEqual(states, {
    'xla cpu': 'missing',
    'xla cuda': 'missing',
    'xla tpu': 'missing',
    'xla rocm': 'missing',
    'xla oneapi': 'missing',
    'xla metal': 'missing',
    host: 'works',
    'tfjs-node': 'fails',
    'tfjs-node-gpu': 'missing',
  })
  const of = (name: string) => engines.find(({ engine }) => engine === name)!
  assert.match(
    of('tfjs-node').remedy!,
    /does not load: The Node\.js native addon module can not be found\. .*npm rebuild/,
  )
  assert.ok(of('host').test!.gigaflops > 0.1)
})

test('a plugin that is named and cannot be loaded fails, and the rest goes on', () => {
  const plugin = join(world, 'pjrt_cpu.so')
  writeFileSync(plugin, 'no library')
  const { status, stdout } = neomesh(['doctor'], { PJRT_PLUGIN_LIBRARY_PATH: plugin })
  assert.equal(status, 0)
  assert.match(stdout, /^xla --device cpu +fails +.*pjrt_cpu\.so/m)
  assert.match(stdout, /^host +works/m)
})

test('one engine in this process: a line, or JSON', async () => {
  const { code, stdout } = await runHere(['doctor', '--engine', 'xla', '--json'])
  assert.equal(code, 0)
  assert.match((JSON.parse(stdout) as { description: string }).description, /^xla on 1 x/)
  assert.match((await runHere(['doctor', '--engine', 'host'])).stdout, /^host on cpu .* GFLOP\/s\n$/)
})

test('a plugin that has never run here is named, not tried, until its device is asked for', () => {
  const packages = join(world, '.venv/lib/python3.11/site-packages')
  const plugin = join(packages, 'jax_plugins/xla_rocm7/xla_rocm_plugin.so')
  mkdirSync(dirname(plugin), { recursive: true })
  writeFileSync(plugin, 'no library')
  mkdirSync(join(packages, 'jax_rocm7_pjrt-0.12.0.dist-info'))
  const { engines } = JSON.parse(neomesh(['doctor', '--json']).stdout) as { engines: Found[] }
  const rocm = engines.find(({ device }) => device === 'rocm')!
  assert.deepEqual([rocm.state, rocm.test], ['untested', null])
  assert.equal(rocm.remedy, 'jax-rocm7-pjrt 0.12.0, not known to work: neomesh doctor --device rocm tries it')
  const tried = neomesh(['doctor', '--device', 'rocm'])
  assert.equal(tried.status, 1)
  assert.match(tried.stderr, /xla_rocm_plugin\.so/)
  rmSync(join(world, '.venv'), { recursive: true })
})
