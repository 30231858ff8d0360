import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAblation, readAblation } from '../../src/ablate/index.js'
import { attentionKindNames } from '../../src/config/keys/attention-kinds.js'
import { costsOf } from '../../src/plan/index.js'
import { TINY } from '../cli/world.js'
import { temporaryFolder } from '../files/temporary-folder.js'

const shipped = fileURLToPath(new URL('../../../configs/ablations', import.meta.url))

const SPEC = {
  base: TINY,
  data: 'data/dataset.json',
  variants: { mixed: {}, linear: { attention_types: [[['linear'], 2]] } },
  seeds: [1, 2],
  evaluate_every: 2,
}

async function problemsOf(changes: Record<string, unknown>): Promise<string[]> {
  const given = Object.entries({ ...SPEC, ...changes }).filter(([, value]) => value !== undefined)
  try {
    await parseAblation(Object.fromEntries(given))
  } catch (error) {
    assert.equal((error as Error).name, 'ConfigError')
    return [...(error as { problems: string[] }).problems]
  }
  return []
}

test('all problems at once, each with its path', async () => {
  const problems = await problemsOf({
    data: 3,
    seeds: [1, 1],
    evaluate_every: 0,
    tokns: 100,
    variants: {
      '../up': {},
      a: 3,
      b: { n_ctx: 8, seed: 3 },
      c: { atention_types: [] },
      d: { n_head: 3, mlm_training: true },
      e: {},
    },
    costs: { lengths: [16, 24], tokens: 32, attention: ['lineal'] },
  })
  assert.deepEqual(problems, [
    'tokns: no such key; did you mean "tokens"?',
    'data: must be a string (got 3)',
    'seeds: must not repeat a value (got [1,1])',
    'evaluate_every: must be an integer >= 1 (got 0)',
    'variants.../up: the name must be a letter, then letters, digits and - _ . + (it is a part of folder names)',
    'variants.a: must be an object of model keys, such as {"rotary_emb": true} (got 3)',
    'variants.b: n_ctx, seed must be equal in all variants. Put it into the base',
    'variants.b: must differ from the other variants (it is the same model as variants.../up)',
    'variants.c: atention_types: no such key; did you mean "attention_types"?',
    'variants.d: mlm_training must be equal in all variants. Put it into the base',
    'variants.d: n_head: must divide n_embd, 16 (got 3). Use 1, 2 or 4',
    'variants.e: must differ from the other variants (it is the same model as variants.../up)',
    `costs.attention: must be a list of kinds: ${attentionKindNames.join(', ')} (got ["lineal"])`,
    'costs.tokens: must be a multiple of all costs.lengths (got 32, not a multiple of 24)',
  ])
})

test('errors for missing, repeated and mistyped keys', async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ base: undefined }, /^base: is missing: model that the variants change/],
    [{ base: 3 }, /^base: must be the path of a model config, or an object of its keys \(got 3\)$/],
    [{ base: 'none.json' }, /^base: cannot read none\.json: it does not exist/],
    [{ base: { ...TINY, n_embd: 0, lr: undefined } }, /^base: n_embd: must be an integer >= 1 \(got 0\)$/],
    [{ base: { ...TINY, train_steps: undefined } }, /^base: train_steps: is missing; training requires it$/],
    [{ variants: {} }, /^variants: must name at least one variant$/],
    [{ seeds: [] }, /^seeds: must be a list of different integers >= 0, such as \[1, 2\] \(got \[\]\)/],
    [{ steps: 3, tokens: 10 }, /^steps: only one of steps and tokens may be given \(got 3 and 10\)\. Remove one$/],
    [{ costs: { lengths: [16] } }, /^costs\.tokens: is missing: tokens per step at every length/],
  ]
  for (const [changes, wanted] of cases) {
    const [first] = await problemsOf(changes)
    assert.match(first ?? 'no problem', wanted)
  }
  await assert.rejects(parseAblation([], { source: 'my.json' }), {
    message: 'my.json: an ablation must be a JSON object of keys such as base, variants and seeds',
  })
})

test('steps, or tokens in whole steps of the base, override its train_steps', async () => {
  const steps = async (changes: Record<string, unknown>) =>
    (await parseAblation({ ...SPEC, ...changes })).variants.map(({ config }) => config.train_steps)
  assert.deepEqual(await steps({}), [TINY.train_steps, TINY.train_steps])
  assert.deepEqual(await steps({ steps: 9 }), [9, 9])
  const each = TINY.train_batch_size * TINY.n_ctx
  assert.deepEqual(await steps({ tokens: 5 * each }), [5, 5])
  assert.deepEqual(await steps({ tokens: 5 * each + 1 }), [6, 6])
})

test('paths are relative to the file: of the base and of the data', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'models'))
  mkdirSync(join(folder, 'ablations'))
  writeFileSync(join(folder, 'models/small.json'), JSON.stringify(TINY))
  const path = join(folder, 'ablations/kinds.json')
  writeFileSync(path, JSON.stringify({ ...SPEC, base: '../models/small.json', data: '../data' }))
  const spec = await readAblation(path)
  assert.equal(spec.name, 'kinds')
  assert.equal(spec.data, join(folder, 'data'))
  assert.deepEqual(spec.base, TINY)
  assert.equal(spec.costs, null)
  assert.deepEqual(spec.variants[1].keys, SPEC.variants.linear)
})

test('notes: keys of a variant without effect, but not keys of the base for other variants', async () => {
  const variants = { global: { attention_types: [[['global'], 2]] }, near: { local_attention_radius: 2 } }
  assert.deepEqual((await parseAblation({ ...SPEC, variants })).notes, [])
  const { notes } = await parseAblation({
    ...SPEC,
    variants: { ...variants, mistaken: { attention_types: [[['global'], 2]], local_attention_radius: 3 } },
  })
  assert.deepEqual(notes, ['variants.mistaken: local_attention_radius has no effect: no layer has local attention'])
})

test('the shipped ablations are valid, and compare models of the same task', async () => {
  const files = readdirSync(shipped)
  assert.ok(files.includes('attention.json'))
  // Those on tasks and those of scaling laws have their own tests, in grid/ and scaling/.
  for (const file of files.filter(
    (each) => !/"tasks?":|"tokens": \[/.test(readFileSync(join(shipped, each), 'utf8')),
  )) {
    const { variants, notes, data } = await readAblation(join(shipped, file))
    assert.deepEqual(notes, [], file)
    assert.equal(data, 'demo')
    assert.ok(variants.length > 1 && variants.every(({ config }) => costsOf(config).parameters > 0))
  }
})
