/** Bodies of requests: what they mean, and what is wrong with those that are refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../../src/serve/api-error.js'
import { chatTemplate } from '../../src/serve/chat-template.js'
import { readChat } from '../../src/serve/read/chat.js'
import { readCompletion } from '../../src/serve/read/completion.js'
import { trainTokenizer } from '../../src/tokenizer/index.js'

const tokenizer = await trainTokenizer({ texts: ['the state of the union'], vocabSize: 262 })
const eos = tokenizer.idOf('<|endoftext|>')!
const limits = { tokenizer, eos, vocabSize: 300, context: 32 }
const completion = (body: unknown) => readCompletion(body, limits)
const template = chatTemplate(
  "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}" +
    '{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}',
  { bos_token: null, eos_token: '<|endoftext|>' },
)
const chat = (body: unknown) => readChat(body, template, { ...limits, context: 200 })

test('defaults are those of OpenAI; null means the default', () => {
  const fields = completion({ prompt: 'the' })
  const nulls = { temperature: null, top_p: null, n: null, stop: null, stream: null, logprobs: null, logit_bias: null }
  const { seed: _, ...rest } = fields
  const { seed: __, ...same } = completion({ prompt: 'the', ...nulls, max_tokens: null, suffix: null, best_of: null })
  assert.deepEqual(same, rest)
  const { maxTokens, n, echo, stream, logprobs, sampling } = fields
  assert.deepEqual(
    { maxTokens, n, echo, stream, logprobs },
    { maxTokens: 16, n: 1, echo: false, stream: false, logprobs: undefined },
  )
  assert.deepEqual(sampling, {
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: undefined,
    stop: [],
  })
})

test('a prompt is a text, texts, ids, or lists of ids; an empty one begins a document', () => {
  const the = Array.from(tokenizer.encode('the'))
  const cases: [unknown, number[][]][] = [
    ['the', [the]],
    [
      ['the', ''],
      [the, [eos]],
    ],
    [[1, 2, 299], [[1, 2, 299]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
    [
      ['the', [4]],
      [the, [4]],
    ],
    ['', [[eos]]],
    [null, [[eos]]],
  ]
  for (const [prompt, ids] of cases) assert.deepEqual(completion({ prompt }).prompts, ids)
})

test('without a number of tokens as many as fit are made, up to 16', () => {
  assert.equal(completion({ prompt: Array(25).fill(1) }).maxTokens, 7)
  assert.equal(completion({ prompt: Array(31).fill(1) }).maxTokens, 1)
  assert.equal(completion({ prompt: Array(31).fill(1), max_tokens: 0, echo: true }).maxTokens, 0)
})

const REFUSED: [body: unknown, param: string | null, message: RegExp][] = [
  [undefined, null, /^the body must be a JSON object \(got nothing\)/],
  [[], null, /^the body must be a JSON object \(got an empty list\)/],
  ['text', null, /^the body must be a JSON object \(got "text"\)/],
  [{ prompt: [] }, 'prompt', /^prompt must be a text, a list .* \(got an empty list\)/],
  [{ prompt: [[]] }, 'prompt', /^prompt must have at least one token/],
  [{ prompt: [1.5] }, 'prompt', /^prompt must have token ids that are integers in \[0, 300\) \(got 1\.5\)/],
  [{ prompt: [300] }, 'prompt', /\(got 300\)/],
  [{ prompt: [-1] }, 'prompt', /\(got -1\)/],
  [{ prompt: [1, '2'] }, 'prompt', /\(got "2"\)/],
  [{ prompt: ['a', null] }, 'prompt', /\(got a list with null in it\)/],
  [{ prompt: { a: 1 } }, 'prompt', /\(got an object\)/],
  [{ prompt: Array(32).fill(1) }, 'prompt', /^prompt and max_tokens must fit the context of 32 tokens \(got 32 \+ 1\)/],
  [{ prompt: Array(33).fill(1) }, 'prompt', /^prompt must fit the context of 32 tokens \(got 33 tokens\)/],
  [{ prompt: 'x'.repeat(40000) }, 'prompt', /\(got a text of 40000 characters\)/],
  [{ prompt: 'the', max_tokens: 32 }, 'max_tokens', /must fit the context/],
  [{ prompt: 'the', max_tokens: -1 }, 'max_tokens', /^max_tokens must be an integer >= 0 \(got -1\)/],
  [{ prompt: 'the', max_tokens: 0 }, 'max_tokens', /^max_tokens must be an integer >= 1 without echo/],
  [{ prompt: 'the', max_tokens: 1.5 }, 'max_tokens', /\(got 1\.5\)/],
  [{ prompt: 'the', max_tokens: '5' }, 'max_tokens', /\(got "5"\)/],
  [{ prompt: 'the', temperature: -0.1 }, 'temperature', /^temperature must be a number >= 0 \(got -0\.1\)/],
  [{ prompt: 'the', temperature: Infinity }, 'temperature', /\(got Infinity\)/],
  [{ prompt: 'the', top_p: 0 }, 'top_p', /^top_p must be a number > 0 and <= 1 \(got 0\)/],
  [{ prompt: 'the', top_p: 1.1 }, 'top_p', /\(got 1\.1\)/],
  [{ prompt: 'the', top_k: -2 }, 'top_k', /^top_k must be an integer >= -1/],
  [{ prompt: 'the', min_p: 2 }, 'min_p', /^min_p must be a number >= 0 and <= 1/],
  [{ prompt: 'the', n: 0 }, 'n', /^n must be an integer >= 1 and <= 128 \(got 0\)/],
  [{ prompt: 'the', n: 129 }, 'n', /\(got 129\)/],
  [{ prompt: 'the', logprobs: 21 }, 'logprobs', /^logprobs must be an integer >= 0 and <= 20 \(got 21\)/],
  [{ prompt: 'the', logprobs: true }, 'logprobs', /\(got true\)/],
  [{ prompt: 'the', echo: 1 }, 'echo', /^echo must be true or false \(got 1\)/],
  [
    { prompt: 'the', stop: ['a', 'b', 'c', 'd', 'e'] },
    'stop',
    /^stop must be a text or up to 4 texts.* \(got a list of 5\)/,
  ],
  [{ prompt: 'the', stop: '' }, 'stop', /\(got ""\)/],
  [{ prompt: 'the', stop: [1] }, 'stop', /^stop must be/],
  [{ prompt: 'the', seed: -1 }, 'seed', /^seed must be an integer >= 0/],
  [{ prompt: 'the', seed: 0.5 }, 'seed', /\(got 0\.5\)/],
  [{ prompt: 'the', presence_penalty: 2.5 }, 'presence_penalty', />= -2 and <= 2/],
  [{ prompt: 'the', frequency_penalty: -3 }, 'frequency_penalty', />= -2 and <= 2/],
  [{ prompt: 'the', repetition_penalty: 0 }, 'repetition_penalty', /^repetition_penalty must be a number > 0/],
  [{ prompt: 'the', logit_bias: { 300: 1 } }, 'logit_bias', /keys are token ids below 300 \(got "300"\)/],
  [{ prompt: 'the', logit_bias: { a: 1 } }, 'logit_bias', /\(got "a"\)/],
  [{ prompt: 'the', logit_bias: { 1: 101 } }, 'logit_bias', /values are numbers >= -100 and <= 100 \(got 101\)/],
  [{ prompt: 'the', logit_bias: [1] }, 'logit_bias', /^logit_bias must be an object/],
  [{ prompt: 'the', suffix: 'b' }, 'suffix', /^suffix is not supported\. /],
  [{ prompt: 'the', best_of: 2 }, 'best_of', /^best_of is not supported\. /],
  [{ prompt: 'the', stream: 'yes' }, 'stream', /^stream must be true or false/],
  [{ prompt: 'the', stream_options: {} }, 'stream_options', /^stream_options must be left out unless stream is true/],
  [{ prompt: 'the', stream: true, stream_options: { a: 1 } }, 'stream_options', /\(got "a"\)/],
  [{ prompt: 'the', max_token: 5 }, 'max_token', /^"max_token" is not a parameter of this endpoint\. Leave it out/],
  [{ prompt: 'the', model: 7 }, 'model', /^model must be a text \(got 7\)/],
]

test(`${REFUSED.length} bodies that are wrong, each with its field and the rule`, () => {
  for (const [body, param, message] of REFUSED) assertRefused(() => completion(body), param, message)
})

test('messages become a prompt by the template; max_tokens is by default what is left', () => {
  const { prompt, maxTokens, logprobs } = chat({
    messages: [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'the ' },
          { type: 'text', text: 'state' },
        ],
      },
    ],
  })
  assert.equal(tokenizer.decode(prompt), 's:be brief\nu:the state\na:')
  assert.equal(maxTokens, 200 - prompt.length)
  assert.equal(logprobs, undefined)
  const user = [{ role: 'user', content: 'x' }]
  assert.equal(chat({ messages: user, max_tokens: 3, max_completion_tokens: 4 }).maxTokens, 4)
  assert.equal(chat({ messages: user, logprobs: true }).logprobs, 0)
  assert.equal(chat({ messages: user, logprobs: true, top_logprobs: 5 }).logprobs, 5)
  const refused: [unknown, string | null, RegExp][] = [
    [{}, 'messages', /^messages must be a list of at least one message \(got nothing\)/],
    [{ messages: [] }, 'messages', /\(got an empty list\)/],
    [{ messages: ['a'] }, 'messages', /^messages\[0\] must be an object with role and content/],
    [{ messages: [{ role: 'x', content: '' }] }, 'messages', /^messages\[0\]\.role must be one of system, /],
    [{ messages: [...user, { role: 'user' }] }, 'messages', /^messages\[1\]\.content must be a text.* \(got nothing\)/],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages', /^messages\[0\]\.content must be/],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages', /got an error from it: no tools/],
    [{ messages: user, top_logprobs: 2 }, 'top_logprobs', /unless logprobs is true/],
    [{ messages: user, tools: [{}] }, 'tools', /^tools is not supported/],
    [{ messages: user, response_format: { type: 'json_object' } }, 'response_format', /must be \{"type": "text"\}/],
    [{ messages: user, prompt: 'x' }, 'prompt', /^"prompt" is not a parameter/],
    [{ messages: [{ role: 'user', content: 'x'.repeat(300) }] }, 'prompt', /must fit the context of 200 tokens/],
  ]
  for (const [body, param, message] of refused) assertRefused(() => chat(body), param, message)
})

function assertRefused(read: () => unknown, param: string | null, message: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof ApiError, String(error))
    assert.match(error.message, message)
    assert.deepEqual([error.status, error.param], [400, param], error.message)
    return true
  })
}

test('a chat template that is not Jinja is one line of error', () => {
  assert.throws(() => chatTemplate('{% for %}', { bos_token: null, eos_token: null }), {
    name: 'RangeError',
    message: /^the chat template must be valid Jinja \(got: [^\n]+\)\. Name another template$/,
  })
})
