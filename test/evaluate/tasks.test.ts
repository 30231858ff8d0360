/** Own formats, bytes, packing, GPT-Neo's LAMBADA, and what is wrong with files. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createEncoder, encodePair } from '../../src/evaluate/encode.js'
import { parseTask, prepareTasks, type TaskSpec } from '../../src/evaluate/index.js'
import type { Item } from '../../src/evaluate/tasks/item.js'
import { capitalize, countWords, rstrip, strip } from '../../src/evaluate/python.js'
import { loadTokenizer, type Tokenizer } from '../../src/tokenizer/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { configOf } from '../model/support.js'

let opened: Promise<Tokenizer> | undefined
const gpt2 = () => (opened ??= loadTokenizer('gpt2'))
const END = 50256
const prepare = async (task: string | TaskSpec, n_ctx = 16, options = {}) => {
  const config = configOf({ n_vocab: 50257, n_ctx, attention_types: [[['global'], 2]] })
  return (await prepareTasks({ config, tokenizer: await gpt2() }, [task], options))[0]
}

/** The texts of an item's passages, with what is scored in brackets. */
async function shown(item: Item): Promise<string[]> {
  const tokenizer = await gpt2()
  return item.passages.map(({ ids, scored }) =>
    Array.from(ids, (id, i) => {
      const text = tokenizer.decode([id])
      return scored.includes(i) ? `[${text}]` : text
    }).join(''),
  )
}

test('contexts and continuations are cut as lm-evaluation-harness cuts them', async () => {
  const encoder = createEncoder(
    await gpt2(),
    configOf({ n_vocab: 50257, n_ctx: 8, attention_types: [[['global'], 2]] }),
  )
  const cut = async (context: string, continuation: string) =>
    (await shown({ passages: [encodePair(encoder, context, continuation, 'line 1')], judge: undefined! }))[0]
  assert.equal(await cut('My fellow', ' citizens'), 'My fellow[ citizens]')
  // Spaces belong to the continuation.
  assert.equal(await cut('My fellow ', 'citizens'), 'My fellow[ citizens]')
  assert.equal(await cut('', ' citizens'), '<|endoftext|>[ citizens]')
  assert.equal(await cut('  ', 'citizens'), '<|endoftext|>[ ][ citizens]')
  assert.equal(await cut('', '<|endoftext|> citizens'), '<|endoftext|>[ citizens]')
  // Encoded as one text: "ab" + "c" is another token than "ab", so that nothing of the context is left to see.
  assert.equal(
    await cut('one two three four five six seven', ' eight nine ten'),
    ' two three four five six seven[ eight][ nine][ ten]',
  )
  assert.equal(encoder.truncated, 1)
  await assert.rejects(
    cut('a', ''),
    /^EvaluationError: line 1: a continuation must have at least one token \(got none\)$/,
  )
  await assert.rejects(cut('a', ' b'.repeat(9)), /line 1: a continuation must fit n_ctx = 8 tokens \(got 9\)/)
})

test('own tasks are recognised by their keys', async (t) => {
  const world = temporaryFolder(t)
  const file = (name: string, ...lines: unknown[]) => {
    const path = join(world, name)
    writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
    return path
  }
  const kind = async (path: string) => (await parseTask(path)).kind
  assert.equal(await kind(file('a.jsonl', { context: 'a', choices: ['b', 'c'], gold: 0 })), 'choices')
  assert.equal(await kind(file('b.jsonl', { good: 'a', bad: 'b' })), 'pairs')
  assert.equal(await kind(file('c.jsonl', { context: 'a', continuation: ' b' })), 'continuations')
  assert.equal(await kind(file('d.jsonl', { text: 'a' })), 'text')
  assert.equal(await kind(file('e.txt', 'a')), 'text')
  await assert.rejects(
    kind(file('f.jsonl', { x: 1 })),
    /f\.jsonl: its lines must have the keys of a task \(got x\)\. Name its kind/,
  )
  await assert.rejects(kind(file('g.jsonl')), /g\.jsonl must have at least one line \(got none\)/)
  await assert.rejects(parseTask('lambda=x'), /the kind of a task must be one of text, .* \(got "lambda"\)/)
  await assert.rejects(parseTask('piqa'), /task piqa must name its data .*\. Write piqa=FILE$/)
  await assert.rejects(parseTask(join(world, 'none.jsonl')), /none\.jsonl/)
  const choices = await prepare(
    file(
      'h.jsonl',
      { context: 'A:', choices: ['b', 'c d'], gold: 1, delimiter: '' },
      { choices: ['x', 'y'], gold: '0' },
    ),
  )
  assert.equal(choices.name, 'h')
  assert.deepEqual(await shown(choices.items[0]), ['A:[b]', 'A:[c][ d]'])
  assert.deepEqual(await shown(choices.items[1]), ['<|endoftext|>[ x]', '<|endoftext|>[ y]'])
})

const BAD: readonly (readonly [kind: TaskSpec['kind'], value: unknown, words: RegExp])[] = [
  ['choices', 3, /choices, value 1: the line must be a JSON object \(got a number\)/],
  ['choices', { choices: ['a'], gold: 0 }, /key "choices" must hold a list of two or more texts \(got a list\)/],
  ['choices', { choices: ['a', 'b'], gold: 2 }, /key "gold" must be an integer from 0 to 1 \(got 2\)/],
  ['choices', { choices: ['a', 'b'], gold: 0, context: 4 }, /key "context" must hold text \(got 4\)/],
  ['piqa', { goal: 'a', sol1: 'b', label: 0 }, /the line must have the key "sol2" \(got "goal", "sol1", "label"\)/],
  [
    'arc',
    { question: 'a', choices: { text: ['a', 'b'], label: ['A', 'B'] }, answerKey: 'C' },
    /key "answerKey" must be one of A, B \(got "C"\)/,
  ],
  [
    'winogrande',
    { sentence: 'a', option1: 'b', option2: 'c', answer: '1' },
    /key "sentence" must have a blank, "_" \(got "a"\)/,
  ],
  ['winogrande', { sentence: 'a _', option1: 'b', option2: 'c', answer: '' }, /key "answer" must be 1 or 2 \(got ""\)/],
  [
    'hellaswag',
    { activity_label: 'a', ctx_a: 'b', ctx_b: 'c', endings: ['d', 'e'], label: '' },
    /key "label" must be an integer from 0 to 1/,
  ],
  ['lambada', { text: null }, /key "text" must hold text \(got null\)/],
  ['lambada-token', { text: '' }, /the text must have at least one token/],
  ['text', { other: 'a' }, /text, value 1: must be a text, or have one under "text"/],
]
for (const [kind, value, words] of BAD)
  test(`${kind}: ${JSON.stringify(value)} is an error`, async () => {
    await assert.rejects(prepare({ kind, values: [value] }), words)
  })

test('a task without items, a wrong stride and a tokenizer without an end of text are errors', async () => {
  await assert.rejects(prepare({ kind: 'pairs', values: [] }), /task pairs must have at least one item \(got none\)/)
  await assert.rejects(
    prepare({ kind: 'text', values: ['a'] }, 16, { stride: 17 }),
    /stride must be an integer from 1 to n_ctx = 16 \(got 17\)/,
  )
  const config = configOf({ n_vocab: 300, n_ctx: 16, attention_types: [[['global'], 2]] })
  await assert.rejects(prepareTasks({ config, tokenizer: await gpt2() }, []), /tasks must not be empty/)
  await assert.rejects(
    prepareTasks({ config, tokenizer: await gpt2() }, [{ kind: 'pairs', values: [] }]),
    /must have an end-of-text token/,
  )
})

test('bytes are those of the text in UTF-8, whatever its tokens, and packing counts each once', async () => {
  const values = ['naïve 日本語 🙂', 'plain', '']
  const bytes = Buffer.byteLength(values.join(''))
  const judged = async (kind: TaskSpec['kind'], stride: number) => {
    const { items } = await prepare({ kind, values }, 4, { stride })
    return items.map((item) =>
      item.judge(
        item.passages.map(({ scored }) => ({
          logProbabilities: new Float32Array(scored.length).fill(-1),
          greedy: new Uint8Array(scored.length),
        })),
      ),
    )
  }
  const tokens = (await gpt2()).encode(values.join('')).length
  for (const stride of [1, 3, 4])
    for (const [kind, ends] of [
      ['text', 0],
      ['packed', 2],
    ] as const) {
      const results = await judged(kind, stride)
      const sum = (name: string) => results.reduce((total, { figures }) => total + figures[name], 0)
      assert.deepEqual(
        [sum('bytes'), sum('tokens'), sum('nll')],
        [bytes, tokens + ends, tokens + ends],
        `${kind} ${stride}`,
      )
    }
  const { items } = await prepare({ kind: 'packed', values: ['a b', 'c'] }, 8)
  assert.deepEqual(await shown(items[0]), ['<|endoftext|>[a][ b][<|endoftext|>][c][<|endoftext|>]'])
})

test('LAMBADA as GPT-Neo has it: texts share a sequence, and the last token of each is scored', async () => {
  const values = [
    'My fellow citizens',
    'The state of the union',
    'A ﬁne day',
    'one two three four five six seven eight nine ten',
  ].map((text) => ({ text }))
  const { items, truncated } = await prepare({ kind: 'lambada-token', values }, 10)
  assert.equal(items.length, 4)
  assert.deepEqual(await Promise.all(items.map(shown)), [
    ['My fellow[ citizens]<|endoftext|>The state of the[ union]<|endoftext|>'],
    [],
    // NFKC; the last text keeps its end.
    ['A fine[ day]<|endoftext|>'],
    [' two three four five six seven eight nine[ ten]<|endoftext|>'],
  ])
  assert.equal(truncated, 1)
  const scores = { logProbabilities: Float32Array.of(-1, -2), greedy: Uint8Array.of(1, 0) }
  assert.deepEqual(items[0].judge([scores]).figures, { acc: 1, nll: 1 })
  assert.deepEqual(items[1].judge([]).figures, { acc: 0, nll: 2 })
  assert.equal(items[0].passages[0].ids.at(-1), END)
})

test('strings are cut as Python cuts them', () => {
  assert.equal(rstrip('a \t\n\x1c\x85\u3000'), 'a')
  assert.equal(rstrip('a\ufeff'), 'a\ufeff')
  assert.equal(strip('\x1f a b '), 'a b')
  assert.equal(capitalize('hELLO World'), 'Hello world')
  assert.equal(capitalize('ßa'), 'Ssa')
  assert.equal(capitalize(''), '')
  assert.equal(countWords(' = a b = \n'), 6)
})
