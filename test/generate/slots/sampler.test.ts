import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRequest, seedOf, type SlotRequest } from '../../../src/generate/slots/request.js'
import { lowestKept, Sampler } from '../../../src/generate/slots/sampler.js'
import { mostLikely, scoreOf } from '../../../src/generate/slots/scores.js'
import { configOf } from '../../model/support.js'
import { numbers } from '../../tensor/check.js'

const VOCAB = 61
const config = configOf({ n_vocab: VOCAB, n_ctx: 64 })
const checked = (request: Partial<SlotRequest>) => checkRequest({ prompt: [1, 2, 3, 2], ...request }, config, 64)

/** Probabilities by the definitions, in f64, token by token. */
function reference(logits: readonly number[], request: Partial<SlotRequest>, answer: readonly number[]): number[] {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, logitBias, prompt = [1, 2, 3, 2] } = request
  const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = request
  const changed = logits.map((x, id) => {
    let y = x + (logitBias?.get(id) ?? 0)
    if ([...Array.from(prompt), ...answer].includes(id)) y = y > 0 ? y / repetitionPenalty : y * repetitionPenalty
    const count = answer.filter((each) => each === id).length
    return y - (count > 0 ? presencePenalty : 0) - count * frequencyPenalty
  })
  const normalised = (values: readonly number[]) => {
    const total = values.reduce((a, b) => a + b, 0)
    return values.map((value) => value / total)
  }
  const best = Math.max(...changed)
  let p = normalised(changed.map((x) => Math.exp((x - best) / temperature)))
  const order = p.map((_, id) => id).sort((a, b) => p[b] - p[a])
  if (topK > 0) p = normalised(p.map((x, id) => (order.indexOf(id) < topK ? x : 0)))
  if (topP < 1) {
    let before = 0
    const kept = new Set<number>()
    for (const id of order) {
      if (before < topP) kept.add(id)
      before += p[id]
    }
    p = normalised(p.map((x, id) => (kept.has(id) ? x : 0)))
  }
  const most = Math.max(...p)
  return normalised(p.map((x) => (x >= minP * most ? x : 0)))
}

const gumbel = (next: () => number) =>
  Float32Array.from({ length: VOCAB }, () => -Math.log(-Math.log(next() + 2 ** -33)))

const CASES: Record<string, Partial<SlotRequest>> = {
  plain: {},
  'a low temperature': { temperature: 0.4 },
  'a high temperature': { temperature: 2.5 },
  'top-k': { topK: 5 },
  'top-p': { topP: 0.7 },
  'min-p': { minP: 0.1 },
  'all limits': { temperature: 0.8, topK: 12, topP: 0.9, minP: 0.05 },
  'repetition penalty': { repetitionPenalty: 1.8 },
  'a repetition penalty below 1': { repetitionPenalty: 0.5 },
  'presence penalty': { presencePenalty: 1.5 },
  'frequency penalty': { frequencyPenalty: 0.8 },
  'negative penalties': { presencePenalty: -1, frequencyPenalty: -0.5 },
  'logit bias': {
    logitBias: new Map([
      [4, 3],
      [7, -Infinity],
      [9, -2],
    ]),
  },
  everything: {
    temperature: 1.3,
    topK: 30,
    topP: 0.95,
    minP: 0.01,
    repetitionPenalty: 1.2,
    presencePenalty: 0.3,
    frequencyPenalty: 0.2,
    logitBias: new Map([[2, 1]]),
  },
}

for (const [name, request] of Object.entries(CASES))
  test(`${name}: tokens are drawn with the probabilities of the definitions`, () => {
    const next = numbers(11)
    const logits = Float32Array.from({ length: VOCAB }, () => (next() - 0.5) * 6)
    const sampler = new Sampler(checked({ seed: 1, ...request }))
    // The answer so far: what penalties count. A greedy pick of a logit far above the others.
    const answer = [5, 8, 5]
    const before = new Map(request.logitBias)
    for (const id of answer) {
      const sure = new Float32Array(VOCAB).fill(-1e9)
      sure[id] = 1e9
      assert.equal(sampler.pick(sure, sampler.draws ? gumbel(next) : null), id)
    }
    assert.deepEqual(new Map(request.logitBias), before)
    const wanted = reference(Array.from(logits), request, answer)
    const counts = new Float64Array(VOCAB)
    const DRAWS = 4000
    for (let draw = 0; draw < DRAWS; draw++) counts[sampler.choose(logits, gumbel(next))]++
    wanted.forEach((p, id) => {
      const deviation = Math.sqrt((p * (1 - p)) / DRAWS)
      assert.ok(
        Math.abs(counts[id] / DRAWS - p) <= 4.5 * deviation + 2 / DRAWS,
        `token ${id}: ${counts[id] / DRAWS}, wanted ${p}`,
      )
    })
  })

test('greedy takes the most likely token after biases and penalties, the first of equal ones', () => {
  const logits = new Float32Array(VOCAB)
  logits[30] = logits[40] = 5
  const pick = (request: Partial<SlotRequest>) =>
    new Sampler(checked({ temperature: 0, ...request })).pick(logits, null)
  assert.equal(pick({}), 30)
  assert.equal(pick({ logitBias: new Map([[30, -1]]) }), 40)
  assert.equal(pick({ prompt: [30], repetitionPenalty: 1.1 }), 40)
  const sampler = new Sampler(checked({ temperature: 0, frequencyPenalty: 1 }))
  assert.deepEqual(
    Array.from({ length: 4 }, () => sampler.pick(logits, null)),
    [30, 40, 30, 40],
  )
})

test('a top-k of equal logits keeps all of them, as generate does; excluding every token leaves the most likely', () => {
  const logits = Float32Array.of(1, 2, 2, 2, 0)
  assert.equal(lowestKept(logits, { topK: 2, topP: 1, minP: 0 }), 2)
  const none = new Map(Array.from({ length: VOCAB }, (_, id) => [id, -Infinity]))
  const flat = new Float32Array(VOCAB)
  assert.equal(new Sampler(checked({ logitBias: none })).pick(flat, flat), 0)
})

test('scores are log softmax in f64, the same number for a token among the most likely', () => {
  const next = numbers(2)
  const logits = Float32Array.from({ length: VOCAB }, () => next() * 9)
  const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0))
  for (const id of [0, 17, 60]) {
    const { logprob, top } = scoreOf(logits, id, VOCAB)
    assert.ok(Math.abs(logprob! - (logits[id] - total)) < 1e-12)
    assert.equal(top.find(([each]) => each === id)![1], logprob)
    assert.deepEqual(
      top.map(([each]) => each),
      Array.from(logits, (_, each) => each).sort((a, b) => logits[b] - logits[a] || a - b),
    )
  }
  assert.deepEqual(mostLikely(Float32Array.of(1, 3, 3, 2), 3), [1, 2, 3])
  assert.deepEqual(scoreOf(logits, 1, 0).top, [])
})

test('logits that are not finite are an error, whatever the settings', () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const logits = new Float32Array(VOCAB)
    logits[60] = bad
    for (const request of [{ temperature: 0 }, { topK: 3 }, { logitBias: new Map([[60, -1]]) }])
      assert.throws(() => new Sampler(checked(request)).pick(logits, new Float32Array(VOCAB)), {
        name: 'LogitsError',
        message: /^the model's logits must be finite/,
      })
  }
})

test('seeds of choices differ from each other and from those of other requests; the first is the request’s own', () => {
  const seeds = [0, 1, 2, 2 ** 53 - 1].flatMap((seed) => [0, 1, 2, 3].map((choice) => seedOf(seed, choice)))
  assert.equal(seedOf(7, 0), 7)
  assert.equal(new Set(seeds).size, seeds.length)
  assert.ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0))
})

test('requests outside their range are refused in one line that begins with the field', () => {
  const fails = (request: Partial<SlotRequest>, message: RegExp) =>
    assert.throws(() => checked(request), { name: 'RangeError', message })
  fails({ prompt: [] }, /^prompt must have at least one token/)
  fails({ prompt: Array<number>(64).fill(1) }, /^prompt must have less than 64 tokens, .* \(got 64\)/)
  fails({ prompt: [61] }, /^prompt: token ids must be integers in \[0, 61\) \(got 61\)/)
  fails({ prompt: [1.5] }, /^prompt: token ids must be integers/)
  for (const maxTokens of [0, 1.5, NaN]) fails({ maxTokens }, /^maxTokens must be an integer >= 1/)
  fails({ temperature: NaN }, /^temperature must be/)
  fails({ topK: -1 }, /^top-k must be/)
  fails({ topP: 0 }, /^top-p must be/)
  for (const minP of [-0.1, 1.1, NaN]) fails({ minP }, /^min-p must be >= 0 and <= 1/)
  for (const repetitionPenalty of [0, -1, Infinity, NaN]) fails({ repetitionPenalty }, /^repetition penalty must be/)
  fails({ presencePenalty: NaN }, /^presence penalty must be a finite number/)
  fails({ frequencyPenalty: Infinity }, /^frequency penalty must be a finite number/)
  fails({ logitBias: new Map([[61, 1]]) }, /^logit bias: token ids must be/)
  fails({ logitBias: new Map([[1, NaN]]) }, /^logit bias of 1 must be a finite number or -Infinity/)
  for (const seed of [-1, 0.5, 2 ** 53]) fails({ seed }, /^seed must be an integer from 0 to 2\^53/)
  for (const logprobs of [-1, 21, 0.5]) fails({ logprobs }, /^logprobs must be an integer from 0 to 20/)
})
