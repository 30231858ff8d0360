/** Profiles: the pieces of a program are all of it, compute what it computes, and name the lines of the model. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseModelConfig } from '../../../src/config/index.js'
import { lower, openEngine, openXla } from '../../../src/engine/index.js'
import { lowerDecode } from '../../../src/generate/index.js'
import { profileProgram, profileTable } from '../../../src/plan/index.js'
import { executionsOf } from '../../../src/plan/hlo/executions.js'
import { productFlops } from '../../../src/plan/hlo/flops.js'
import { readHlo } from '../../../src/plan/hlo/module.js'
import { flopsOfPiece, kindOf } from '../../../src/plan/profile/describe.js'
import { cut } from '../../../src/plan/profile/pieces.js'
import { dim, einsum, spec, type Tensor } from '../../../src/tensor/index.js'
import { lowerStep } from '../../../src/train/index.js'

const engine = await openXla()
after(() => engine.close())

const { config } = parseModelConfig(
  {
    n_vocab: 96,
    n_ctx: 24,
    n_embd: 16,
    n_head: 2,
    n_layer: 1,
    attention_types: [[['global'], 1]],
    opt_name: 'adamw',
    train_batch_size: 2,
  },
  'profile',
)
const FAST = { rounds: 1, roundMs: 0.01 }

test('the pieces of a training step have all of its products, loops by their trip count', async () => {
  // Four microbatches, so that there is a loop.
  const parts = { ...config, train_batch_size: 8, tokens_per_mb_per_replica: 2 * config.n_ctx }
  const { program, aliases, roles } = lowerStep(parts, null, 'scan')
  const native = await engine.compileWithLines(program, { aliases, roles })
  const optimized = native.optimizedProgram()
  const { pieces, omitted } = cut(optimized)
  assert.deepEqual(omitted, [])
  assert.ok(pieces.some(({ times }) => times === 4))
  const products = pieces.filter((piece) => kindOf(piece) === 'product')
  const inProducts = products.reduce((sum, piece) => {
    const others = piece.parts.filter(({ opcode }) => opcode !== 'dot')
    return sum + piece.times * (flopsOfPiece(piece) - flopsOfPiece({ parts: others }))
  }, 0)
  assert.equal(inProducts, productFlops(executionsOf(readHlo(optimized))))
  native.dispose()
})

test('a piece computes what the program computes', async () => {
  const [a, b, c] = [dim('a', 5), dim('b', 7), dim('c', 3)]
  const product = (x: Tensor<'a' | 'b'>, y: Tensor<'b' | 'c'>) => einsum([x, y], [a, c])
  const { program } = lower(product, [spec([a, b]), spec([b, c])])
  const native = await engine.compileWithLines(program)
  const { pieces } = cut(native.optimizedProgram())
  const [piece] = pieces.filter((each) => kindOf(each) === 'product')
  assert.equal(piece.times, 1)
  const alone = await engine.compilePart(piece.module)
  const x = Float32Array.from({ length: 35 }, (_, i) => Math.sin(i))
  const y = Float32Array.from({ length: 21 }, (_, i) => Math.cos(i))
  const upload = () => [engine.client.upload(x, 'f32', [5, 7]), engine.client.upload(y, 'f32', [7, 3])]
  const run = async (executable: typeof alone) => {
    const inputs = upload()
    const execution = executable.execute([inputs])
    const [[output]] = execution.outputs
    const bytes = await output.download()
    for (const each of [...inputs, output]) each.dispose()
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  }
  assert.deepEqual(await run(alone), await run(native))
  native.dispose()
  alone.dispose()
})

test('a profile of a training step: each operation with its time, work and line of code', async () => {
  const profile = await profileProgram(engine, lowerStep(config, null, 'unroll'), FAST)
  assert.equal(profile.program, 'train_step')
  assert.deepEqual(profile.omitted, [])
  assert.ok(profile.whole.wall > 0 && profile.sum.processor > 0)
  const share = profile.operations.reduce((sum, each) => sum + each.share, 0)
  assert.ok(Math.abs(share - 1) < 1e-6, `shares sum to ${share}`)
  const product = profile.operations.find(({ kind, line }) => kind === 'product' && line.includes('feed-forward'))
  assert.ok(product && product.flops > 0 && product.bytes > 0 && product.result.startsWith('f32['))
  // The gradient of an operation has its line, rather than that of the call of grad.
  const backward = profile.operations.filter(({ line }) => /src\/model\/norm\.[jt]s:\d+$/.test(line))
  assert.ok(backward.length > 4, `${backward.length} operations of the norm`)
  const named = profile.operations.filter(({ line }) => line !== '').length
  assert.ok(named > 0.8 * profile.operations.length, `${named} of ${profile.operations.length} have a line`)
  const table = profileTable(profile, 5)
  assert.match(table, /^kind +line +result +times +share +ms +GFLOP +MB +roofline$/m)
  assert.match(table, /\d+ others/)
  assert.match(table, /^train_step: [\d.]+ ms of processor time/m)
})

test('a profile of a decoding step', async () => {
  const profile = await profileProgram(engine, lowerDecode(config, { batch: 3 }), FAST)
  assert.equal(profile.program, 'decode')
  assert.deepEqual(profile.omitted, [])
  assert.ok(profile.operations.some(({ kind }) => kind === 'product'))
  // The caches are extended in place.
  assert.ok(profile.operations.some(({ kind }) => kind === 'update'))
})

test('a decoding step in bf16 has matrices and caches in bf16, gains and biases in f32', () => {
  const { program, names } = lowerDecode(config, { dtype: 'bf16' })
  const dtypeOf = (pattern: RegExp) => program.inputs[names.findIndex((name) => pattern.test(name))].dtype
  assert.equal(dtypeOf(/wte/), 'bf16')
  assert.equal(dtypeOf(/norm_1\/g/), 'f32')
  assert.ok(
    program.inputs.some(({ dtype, dims }) => dtype === 'bf16' && dims.some(({ name }) => name === 'memory_length')),
  )
})

test('other engines and meshes have no profile', async () => {
  const host = await openEngine({ engine: 'host' })
  await assert.rejects(profileProgram(host, lowerStep(config)), {
    name: 'EngineError',
    message: /^a profile needs one device of XLA on a CPU \(got .*\)\. Use --engine xla$/,
  })
  await host.close()
})
