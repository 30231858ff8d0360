/** docs/how-to/optimizer.md, applied to a copy of the tree. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findPlugin } from '../../src/engine/xla/discovery.js'
import { applyBlock, compileCopy, readBlocks, root } from './how-to.js'

let copy: string
const url = (path: string) => pathToFileURL(join(copy, 'dist/src', path)).href

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'neomesh-how-to-'))
  cpSync(join(root, 'src'), join(copy, 'src'), { recursive: true })
  cpSync(join(root, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const compilerOptions = {
    rootDir: '.',
    outDir: 'dist',
    incremental: false,
    tsBuildInfoFile: null,
    declaration: false,
  }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files: ['src/plan/index.ts'], include: [] }
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(config))
})
after(() => rmSync(copy, { recursive: true, force: true }))

test('how to add an optimizer: three files, of which the compiler names the table', () => {
  const [name, ...rest] = readBlocks('optimizer.md')
  assert.equal(new Set([name, ...rest].map(({ file }) => file)).size, 3)
  applyBlock(copy, name)
  assert.match(compileCopy(copy), /^src\/train\/optimizers\/index\.ts\(.*Property 'sgd' is missing/m)
  rest.forEach((block) => applyBlock(copy, block))
  assert.equal(compileCopy(copy), '')
})

test('the new optimizer is known to configs and costs, and makes the updates of its formula', () => {
  const program = `
    const { inspectModelConfig, parseModelConfig } = await import('${url('config/index.js')}')
    const { DeviceArray, jit, openXla } = await import('${url('engine/index.js')}')
    const { costsOf } = await import('${url('plan/index.js')}')
    const { constant, dim } = await import('${url('tensor/index.js')}')
    const { update } = await import('${url('train/optimizers/index.js')}')
    const keys = { n_vocab: 11, n_ctx: 12, n_embd: 24, n_head: 3, n_layer: 1, attention_types: [[['global'], 1]], opt_name: 'sgd' }
    const { config } = parseModelConfig({ ...keys, beta1: 0.5, weight_decay: 0.5 })
    const { notes } = inspectModelConfig({ ...keys, beta2: 0.9 })
    const { parameterBytes, optimizerBytes } = costsOf(config)
    const dims = [dim('rows', 1), dim('columns', 2)]
    const spec = { name: 'w', names: ['w'], dims, logical: dims, shape: [1, 2], shapeNames: ['rows', 'columns'] }
    const engine = await openXla()
    const step = jit(engine, (parameter, gradient, sgd_m) =>
      update({ spec, parameter, gradient, slots: { sgd_m }, rate: constant(0.1, 'f32'), step: constant(0, 'i32'), config }))
    const array = (...values) => DeviceArray.from(engine, Float32Array.from(values), dims, 'f32')
    const { parameter, slots } = await step(array(1, 2), array(3, 4), array(2, 0))
    const values = [...(await parameter.readFloats()), ...(await slots.sgd_m.readFloats())].map((x) => Number(x.toFixed(5)))
    console.log(JSON.stringify({ hint: notes.some((note) => note.startsWith('beta2 has no effect')), slots: optimizerBytes / parameterBytes, values }))
    process.exit(0)`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, PJRT_PLUGIN_LIBRARY_PATH: findPlugin('cpu').path, NEOMESH_CACHE: 'off' },
  })
  // m = 0.5 * [2, 0] + [3, 4]; w - 0.1 (m + 0.5 w).
  assert.deepEqual(JSON.parse(output), { hint: true, slots: 1, values: [0.55, 1.5, 4, 4] })
})
