/** docs/how-to/attention.md, followed in a copy of the sources: one new file and one line make a kind of attention. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const [file, line] = [
  ...readFileSync(join(root, 'docs/how-to/attention.md'), 'utf8').matchAll(/```ts\n([^]*?)```/g),
].map(([, code]) => code.replace(/^ {3}/gm, ''))

test('the how-to adds a kind that type-checks, is known to configs, decodes as it attends, and has costs', () => {
  const copy = mkdtempSync(join(tmpdir(), 'neomesh-how-to-'))
  try {
    for (const name of ['src', 'package.json', 'tsconfig.json'])
      cpSync(join(root, name), join(copy, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(copy, 'src/attention/decay.ts'), file)
    const table = join(copy, 'src/attention/kinds.ts')
    const kinds = readFileSync(table, 'utf8')
    const added = kinds.replace(/\n\} satisfies/, `\n  ${line}} satisfies`)
    assert.equal(added.split('\n').length, kinds.split('\n').length + 1)
    writeFileSync(table, `import { decayAttention } from './decay.js'\n${added}`)
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: copy })
    writeFileSync(join(copy, 'try.mjs'), TRY)
    const out = execFileSync(process.execPath, ['try.mjs'], { cwd: copy, encoding: 'utf8' })
    assert.deepEqual(JSON.parse(out), {
      kinds: ['decay', 'global'],
      cache: 4 * 24 * 8,
      equal: true,
      stateBytes: 4 * 8 * 8,
    })
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

/** Decodes after a prompt, and compares with a pass over all positions. On the engine that is always there. */
const TRY = `
import { parseGrid, runGrid } from './dist/src/ablate/index.js'
import { parseModelConfig } from './dist/src/config/index.js'
import { DeviceArray, jit } from './dist/src/engine/index.js'
import { openHost } from './dist/src/engine/host/engine.js'
import { GptNeo } from './dist/src/model/index.js'
import { costsOf } from './dist/src/plan/costs.js'
import { dim, sizeOf } from './dist/src/tensor/index.js'

const { config } = parseModelConfig({
  n_vocab: 11, n_ctx: 12, n_embd: 24, n_head: 3, n_layer: 2, attention_types: [[['decay', 'global'], 1]],
})
const engine = openHost()
const model = new GptNeo(config)
const parameters = Object.fromEntries(model.specs.map(({ name, dims }) => {
  const values = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i * 12.9898 + name.length) / 2)
  return [name, DeviceArray.from(engine, values, dims, 'f32')]
}))
const ids = [3, 1, 4, 1, 5, 9, 2]
const given = (values) => DeviceArray.from(engine, Int32Array.from(values), [dim('batch', 1), dim('sequence', values.length)], 'i32')
const scalar = (value) => DeviceArray.from(engine, Int32Array.of(value), [], 'i32')
const all = await (await jit(engine, (p, x) => model.logits(p, x))(parameters, given(ids))).readFloats()
const prefill = jit(engine, (p, x, lengths) => model.prefill(p, x, lengths, 12))
const step = jit(engine, (p, from, x) => model.decodeStep(p, x, from))
const { caches } = await prefill(parameters, given([...ids.slice(0, 5), 7, 7]), scalar(5))
const first = await step(parameters, { caches, position: scalar(5) }, given([ids[5]]))
const second = await step(parameters, { caches: first.caches, position: scalar(6) }, given([ids[6]]))
const last = await second.logits.readFloats()
const wanted = all.subarray(6 * 11)
// A step on a task, in the laboratory.
const spec = await parseGrid({
  base: { n_embd: 8, n_head: 1, n_layer: 1, lr: 1e-2, train_batch_size: 2, attention_types: [[['decay'], 1]] },
  task: { name: 'mqar', length: 8, pairs: 2, vocabulary: 12, examples: 4, test_examples: 4 },
  variants: { decay: {} }, seeds: [1], steps: 1, evaluate_every: 1,
})
let report
for await (const event of runGrid(spec, { engine, out: 'laboratory' })) if (event.kind === 'end') report = event.report
console.log(JSON.stringify({
  kinds: model.shape(1, 12).kinds,
  cache: costsOf(config).layers.length === 2 ? costsOf(config).cache.perSequence : 0,
  equal: last.every((x, i) => Math.abs(x - wanted[i]) < 1e-4),
  stateBytes: report.complete && report.summary[0].stateBytes,
}))
`
