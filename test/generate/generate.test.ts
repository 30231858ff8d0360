import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { compiledLength } from '../../src/generate/generate.js'
import { generate, type LoadedModel } from '../../src/generate/index.js'
import type { Parameters as Weights } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import { lively } from '../model/support.js'
import { engine } from '../tensor/check.js'

/** A model with lively parameters, which samples past its local layers' radius. */
async function loaded(): Promise<LoadedModel> {
  const shape = {
    n_ctx: 40,
    n_layer: 3,
    attention_types: [[['global', 'local', 'local'], 1]],
    local_attention_radius: 5,
  }
  return { engine: await engine(), ...(await lively(shape)) }
}

/** Greedy continuation by a full forward pass for each token. */
async function slowly(model: LoadedModel, prompt: readonly number[], count: number): Promise<number[]> {
  const { config, model: bound } = model
  const ids = [...prompt]
  const run = jit(model.engine, (p: Weights, x: Tensor<'batch' | 'sequence'>) => bound.logits(p, x))
  for (let i = 0; i < count; i++) {
    // Later positions do not matter to earlier ones, so the rest of the context may hold anything.
    const filled = Int32Array.from({ length: config.n_ctx }, (_, at) => ids[at] ?? 0)
    const out = await run(
      model.parameters,
      DeviceArray.from(model.engine, filled, [dim('batch', 1), dim('sequence', config.n_ctx)], 'i32'),
    )
    const values = ((await out.read()) as Float32Array).slice(
      (ids.length - 1) * config.n_vocab,
      ids.length * config.n_vocab,
    )
    ids.push(values.indexOf(Math.max(...values)))
  }
  return ids.slice(prompt.length)
}

async function collect(model: LoadedModel, prompts: readonly (readonly number[])[], options: Options) {
  const rows: number[][] = prompts.map(() => [])
  for await (const tokens of generate(model, prompts, options))
    tokens.forEach((id, row) => id !== null && rows[row].push(id))
  return rows
}
type Options = import('../../src/generate/index.js').GenerateOptions

test('cached sampling equals a full forward pass for each token, past the radius and up to n_ctx', async () => {
  const model = await loaded()
  const prompts = [
    [3, 14, 15, 9, 26],
    [5, 35, 8],
    [27, 18, 28, 18, 28, 45, 9],
  ]
  const wanted = await Promise.all(prompts.map((prompt) => slowly(model, prompt, 12)))
  assert.deepEqual(await collect(model, prompts, { temperature: 0, maxTokens: 12 }), wanted)
  const [long] = await collect(model, [prompts[1]], { temperature: 0, maxTokens: 100 })
  assert.equal(long.length, 40 - 3)
  assert.deepEqual(long, await slowly(model, prompts[1], 37))
})
test('prompts of every length up to the context take one compiled pass, and few programs serve them all', async () => {
  const model = await loaded()
  const { n_ctx } = model.config
  const { engine: xla } = model
  const compiled: string[] = []
  let passes = 0
  const counting = Object.assign(Object.create(xla) as typeof xla, {
    compile: async (...args: Parameters<typeof xla.compile>) => {
      const [{ name }] = args
      compiled.push(name)
      const executable = await xla.compile(...args)
      return Object.assign(Object.create(executable) as typeof executable, {
        run: (...inputs: Parameters<typeof executable.run>) => {
          passes++
          return executable.run(...inputs)
        },
      })
    },
  })
  const ids = Array.from({ length: n_ctx }, (_, i) => (7 * i * i + 3) % 61)
  const counted = { ...model, engine: counting }
  for (let length = 1; length < n_ctx; length++) {
    passes = 0
    const [row] = await collect(counted, [ids.slice(0, length)], { temperature: 0, maxTokens: 1 })
    assert.equal(row.length, 1)
    assert.equal(passes, 1, `${length} tokens took ${passes} passes`)
  }
  assert.ok(compiled.length <= 6, `${compiled.length} programs: ${compiled.join()}`)
  passes = 0
  await collect(counted, [ids.slice(0, 2), ids.slice(0, 37)], { temperature: 0, maxTokens: 1 })
  assert.equal(passes, 1, 'a short prompt slows no long one')
})
test('compiled lengths: at most a fifth of a pass is padding, four per octave', () => {
  for (const context of [5, 40, 1000, 2048]) {
    const widths = new Set<number>()
    for (let length = 1; length <= context; length++) {
      const width = compiledLength(length, context)
      assert.ok(width >= length && width <= context)
      if (length > 16) assert.ok(width - length < width / 5, `${length} tokens are padded to ${width}`)
      widths.add(width)
    }
    assert.ok(widths.size <= 4 * Math.max(1, Math.log2(context) - 3), `${widths.size} lengths up to ${context}`)
  }
})
test('rows of a ragged batch get the tokens that each prompt alone gets, sampled too in the first row', async () => {
  const model = await loaded()
  const prompts = [[3, 14], Array.from({ length: 30 }, (_, i) => i), [9, 2, 6, 5, 3]]
  const options = { temperature: 0, maxTokens: 20 }
  const alone = []
  for (const prompt of prompts) alone.push((await collect(model, [prompt], options))[0])
  assert.deepEqual(await collect(model, prompts, options), alone)
  assert.deepEqual(
    alone.map(({ length }) => length),
    [20, 10, 20],
  )
  const sampling = { temperature: 1, maxTokens: 6, seed: 5 }
  const [first] = await collect(model, prompts, sampling)
  assert.deepEqual(first, (await collect(model, [prompts[0]], sampling))[0])
})
test('equal seeds give equal samples, others other ones; top-k 1 is greedy', async () => {
  const model = await loaded()
  const run = (options: object) => collect(model, [[1, 2, 3, 4]], { maxTokens: 20, ...options })
  assert.deepEqual(await run({ seed: 3 }), await run({ seed: 3 }))
  assert.notDeepEqual(await run({ seed: 3 }), await run({ seed: 4 }))
  assert.deepEqual(await run({ topK: 1 }), await run({ temperature: 0 }))
  assert.deepEqual(await run({ topP: 1e-6 }), await run({ temperature: 0 }))
})
test('a row ends after a stop token, the others go on', async () => {
  const model = await loaded()
  const free = await collect(
    model,
    [
      [1, 2],
      [7, 8],
    ],
    { temperature: 0, maxTokens: 10 },
  )
  const stop = free[0][3]
  const stopped = await collect(
    model,
    [
      [1, 2],
      [7, 8],
    ],
    { temperature: 0, maxTokens: 10, stopIds: [stop] },
  )
  const cut = (row: number[]) => (row.includes(stop) ? row.slice(0, row.indexOf(stop) + 1) : row)
  assert.deepEqual(stopped, free.map(cut))
})
test('wrong prompts and settings are refused in one line', async () => {
  const model = await loaded()
  const fails = (prompts: number[][], options: object, message: RegExp) =>
    assert.rejects(collect(model, prompts, options), { name: 'RangeError', message })
  await fails([], {}, /^prompts must not be empty/)
  await fails([[]], {}, /^a prompt must have at least one token/)
  await fails([Array(40).fill(1)], {}, /^a prompt must have less than n_ctx = 40 tokens \(got 40\)/)
  await fails([[61]], {}, /^token ids must be integers in \[0, 61\) \(got 61\)/)
  await fails([[1]], { temperature: -1 }, /^temperature must be a finite number >= 0 \(got -1\)/)
  await fails([[1]], { topP: 0 }, /^top-p must be > 0 and <= 1 \(got 0\)/)
  await fails([[1]], { topK: 1.5 }, /^top-k must be an integer >= 0 \(got 1\.5\)/)
  for (const maxTokens of [0, -1, 1.5, NaN, Infinity])
    await fails([[1]], { maxTokens }, new RegExp(`^maxTokens must be an integer >= 1 \\(got ${maxTokens}\\)$`))
})

test('logits are those that the tokens are picked from, and to have them changes no token', async () => {
  const model = await loaded()
  const prompts = [
    [3, 14, 15],
    [9, 26, 5, 35, 8],
  ]
  const { n_vocab: vocab } = model.config
  const rows: number[][] = [[], []]
  let given: Float32Array | undefined
  for await (const tokens of generate(model, prompts, {
    temperature: 0,
    maxTokens: 12,
    onLogits: (logits) => (given = logits),
  })) {
    tokens.forEach((id, row) => {
      if (id === null) return
      const own = given!.subarray(row * vocab, (row + 1) * vocab)
      assert.equal(id, own.indexOf(Math.max(...own)))
      rows[row].push(id)
    })
  }
  assert.deepEqual(rows, await collect(model, prompts, { temperature: 0, maxTokens: 12 }))
})

test('a temperature too small to divide by is 0', async () => {
  const model = await loaded()
  const run = (temperature: number) => collect(model, [[1, 2, 3, 4]], { maxTokens: 6, temperature })
  for (const temperature of [1e-38, 1e-39, 5e-324]) assert.deepEqual(await run(temperature), await run(0))
})

test('logits that are not numbers are an error, in one row of several too', async () => {
  const model = await loaded()
  for (const bad of [NaN, Infinity]) {
    const name = 'gpt2/wte'
    const table = model.parameters[name] as DeviceArray
    const numbers = ((await table.read()) as Float32Array).slice()
    numbers[7 * model.config.n_embd] = bad
    const parameters = { ...model.parameters, [name]: DeviceArray.from(model.engine, numbers, table.dims, 'f32') }
    for (const sampling of [{ temperature: 0 }, { topP: 0.9, topK: 5 }])
      await assert.rejects(collect({ ...model, parameters }, [[1], [2]], { maxTokens: 4, ...sampling }), {
        name: 'LogitsError',
        message: /^the model's logits must be finite \(got NaN or infinity\)/,
      })
  }
})
