import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseModelConfig } from '../../src/config/index.js'
import { openModel } from '../../src/convert/index.js'
import { BEGINS, COUNTS, openDataset, prepareData } from '../../src/data/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { openSafetensors } from '../../src/files/index.js'
import { GptNeo, type Parameters } from '../../src/model/index.js'
import { dim, grad, type Tensor } from '../../src/tensor/index.js'
import { meanLoss, train } from '../../src/train/index.js'
import { arrayFrom } from '../../src/train/parameters.js'
import { packedExamples } from '../../src/train/packed-examples.js'
import { lossAndGradients } from '../../src/train/step.js'
import { engine } from '../tensor/check.js'
import { runHere } from '../cli/run-here.js'
import { only, world } from './support.js'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'neomesh-completions-'))
process.env.NEOMESH_CACHE = join(folder, 'cache')
after(() => rmSync(folder, { recursive: true, force: true }))

test('the loss on completions alone, and its gradient, are those of PyTorch with a mask', async () => {
  const on = await engine()
  const file = await openSafetensors(join(fixtures, 'reference/tuning.safetensors'))
  const numbers = async (name: string) => (await file.read(name)).data
  const i32 = async (name: string) => new Int32Array(Uint8Array.from(await numbers(name)).buffer)
  const f32 = async (name: string) => new Float32Array(Uint8Array.from(await numbers(name)).buffer)
  const [tokens, mask] = [await i32('tokens'), await i32('mask')]
  const source = await openModel(join(fixtures, 'convert/hugging-face/single'))
  const config = { ...source.config, z_loss: 0, train_batch_size: 2 }
  const width = config.n_ctx + 1
  const ids = Int32Array.from({ length: 2 * width }, (_, i) => {
    const [row, at] = [Math.floor(i / width), i % width]
    const counts = at > 0 && mask[row * config.n_ctx + at - 1] > 0
    return tokens[i] + (at === 0 ? BEGINS : 0) + (counts ? COUNTS : 0)
  })
  const model = new GptNeo(config)
  const parameters: Record<string, DeviceArray> = {}
  for (const spec of model.specs) parameters[spec.name] = await arrayFrom(on, spec, null, source.read)
  const step = jit(on, lossAndGradients(model, { examples: packedExamples }))
  const rows = DeviceArray.from(on, ids, [dim('batch', 2), dim('tokens', width)], 'i32')
  const { loss, gradients } = await step(parameters, rows, DeviceArray.from(on, Int32Array.of(0), [], 'i32'))
  const { completions } = JSON.parse(readFileSync(join(fixtures, 'reference/tuning.json'), 'utf8')) as {
    completions: number
  }
  assert.ok(Math.abs((await loss.readScalar()) - completions) < 1e-6)
  for (const [ours, theirs] of [
    ['gpt2/wte', 'completions/wte'],
    ['gpt2/h0/attn/q', 'completions/q'],
  ]) {
    const [found, wanted] = [await gradients[ours].read(), await f32(theirs)]
    assert.ok(Math.max(...wanted.map((x, i) => Math.abs(x - Number(found[i])))) < 1e-6, ours)
  }
  await Promise.all([source.close(), file.close()])
})

for (const [name, changes] of Object.entries({
  'global and local layers': {},
  'linear layers': { attention_types: [[['linear'], 2]] },
  'rotary positions': { rotary_emb: true },
}))
  test(`packed documents do not see each other: ${name}`, async () => {
    const { config: configOf } = await world()
    const on = await engine()
    const model = new GptNeo(configOf({ ...changes, z_loss: 0 }))
    const parameters = await model.initialise(on)
    const [batch, sequence] = [dim('batch', 1), dim('sequence', 12)]
    const ids = Int32Array.from({ length: 12 }, (_, i) => (i * 37 + 5) % 300)
    const [first, length] = [5, 7]
    const packing = (documents: Tensor, positions: Tensor) => ({ packing: { documents, positions } as never })
    const array = (values: number[], dims = [batch, sequence]) =>
      DeviceArray.from(on, Int32Array.from(values), dims, 'i32')
    const at = (of: (i: number) => number) => array(Array.from({ length: 12 }, (_, i) => of(i)))
    const documents = at((i) => (i < first ? 1 : 2))
    const positions = at((i) => (i < first ? i : i - first))
    const labels = at((i) => (i < first || i === 11 ? -0x80000000 : ids[i + 1]))
    const lossOf = (p: Parameters, x: Tensor, y: Tensor, d: Tensor, at_: Tensor) =>
      model.loss(p, x as never, y as never, packing(d, at_)).loss
    const run = jit(on, (p: Parameters, x: Tensor, y: Tensor, d: Tensor, at_: Tensor) => ({
      loss: lossOf(p, x, y, d, at_),
      gradient: grad((table: Tensor) => lossOf({ ...p, 'gpt2/wte': table }, x, y, d, at_))(p['gpt2/wte']),
    }))
    const packed = await run(parameters, array([...ids]), labels, documents, positions)
    const alone = await jit(
      on,
      (p: Parameters, x: Tensor, y: Tensor) => model.loss(p, x as never, y as never, {}).loss,
    )(
      parameters,
      array([...ids].slice(first, 11), [batch, dim('sequence', length - 1)]),
      array([...ids].slice(first + 1), [batch, dim('sequence', length - 1)]),
    )
    const [a, b] = [await packed.loss.readScalar(), await alone.readScalar()]
    assert.ok(Math.abs(a - b) < 2e-6, `${a} packed, ${b} alone`)
    // Were there a gradient to the first document, it would be in the rows of its tokens.
    const other = await run(
      parameters,
      array([...ids].map((id, i) => (i < first ? (id + 1) % 300 : id))),
      labels,
      documents,
      positions,
    )
    assert.equal(await other.loss.readScalar(), a)
    assert.deepEqual(await other.gradient.read(), await packed.gradient.read())
  })

test('prompts and completions are prepared, packed whole, and trained on; chats go through their template', async () => {
  const { run, path, folder: home } = await world()
  const lines = Array.from({ length: 30 }, (_, i) => ({
    prompt: `the law of ${i % 3 === 0 ? 'war' : 'peace'}`,
    completion: i % 3 === 0 ? ' union' : ' people and state',
  }))
  writeFileSync(join(home, 'pairs.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'))
  const prepare = (...args: string[]) =>
    runHere(['data', 'prepare', ...args, '--tokenizer', path('tokenizer.json'), '-c', '16'])
  const made = await prepare(
    path('pairs.jsonl'),
    '--out',
    path('pairs'),
    '--format',
    'prompt-completion',
    '--validation-fraction',
    '0.2',
  )
  assert.equal(made.code, 0, made.stderr)
  const data = await openDataset({ path: path('pairs/train/*.tfrecords') })
  const validation = await openDataset({ path: path('pairs/validation/*.tfrecords') })
  assert.equal(data.completions, true)
  let counted = 0
  for (let i = 0; i < data.size; i++) {
    const row = [...(await data.read(i))]
    assert.equal(row.length, 17)
    assert.ok(row[0] >= BEGINS && row[0] < COUNTS, 'a record begins with a document')
    const flags = row.map((id) => (id >= COUNTS ? 'c' : id >= BEGINS ? 'b' : '.')).join('')
    // Each document begins, has a prompt, and ends with what counts; padding comes last.
    assert.match(flags, /^(b\.*c+)+(b\.*)?$/)
    counted += row.filter((id) => id >= COUNTS).length
  }
  assert.ok(counted > 0)
  const events = await run('tuned-pairs', {
    data,
    validation,
    config: { train_steps: 3, lr_decay: 'none', tokens_per_mb_per_replica: 16 },
  })
  assert.equal(only(events, 'step').length, 3)
  const [{ loss }] = only(events, 'evaluation')
  const config = parseModelConfig(JSON.parse(readFileSync(path('tuned-pairs/config.json'), 'utf8'))).config
  const model = new GptNeo(config)
  const measure = meanLoss(await engine(), model, { completions: true })
  const source = await openModel(path('tuned-pairs'))
  const parameters: Record<string, DeviceArray> = {}
  for (const spec of model.specs) parameters[spec.name] = await arrayFrom(await engine(), spec, null, source.read)
  const again = await measure(parameters, validation)
  assert.ok(Math.abs(again.loss - loss) < 1e-6)
  measure.dispose()
  await source.close()

  const template =
    '{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}'
  writeFileSync(join(home, 'template.jinja'), template)
  const chat = {
    messages: [
      { role: 'user', content: 'law' },
      { role: 'assistant', content: 'peace' },
    ],
  }
  writeFileSync(join(home, 'chat.jsonl'), `${JSON.stringify(chat)}\n`.repeat(4))
  const chats = await prepare(
    path('chat.jsonl'),
    '--out',
    path('chats'),
    '--format',
    'chat',
    '--chat-template',
    path('template.jinja'),
  )
  assert.equal(chats.code, 0, chats.stderr)
  const none = await prepare(path('chat.jsonl'), '--out', path('none'), '--format', 'chat')
  assert.match(none.stderr, /must have a chat template \(got none\)\. Name one with --chat-template/)
  const wrong = await prepare(path('chat.jsonl'), '--out', path('none'), '--format', 'prompt-completion')
  assert.match(
    wrong.stderr,
    /chat\.jsonl:1: the line must have the keys "prompt" and "completion" with text \(got "messages"\)/,
  )
  await assert.rejects(run('mixed', { data }), /both be of completions, or both of text/)
  for (const each of [data, validation]) each.close()
})

test('conversations: what the template adds for an answer counts, and nothing else', async () => {
  const ids: Record<string, number> = {}
  const encode = (text: string) => Int32Array.from([...text], (letter) => (ids[letter] ??= Object.keys(ids).length + 1))
  writeFileSync(
    join(folder, 'chat.jsonl'),
    JSON.stringify({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'B' },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'D' },
      ],
    }),
  )
  const chatTemplate =
    "{% for m in messages %}{{ '[' if m.role == 'user' else '(' }}{{ m.content }}{% endfor %}{% if add_generation_prompt %}({% endif %}"
  await prepareData({
    inputs: join(folder, 'chat.jsonl'),
    output: join(folder, 'chat'),
    format: 'chat',
    chatTemplate,
    tokenizer: { encode },
    vocabularySize: 20,
    eosId: 0,
    contextLength: 11,
  })
  const data = await openDataset({ path: join(folder, 'chat/train/*.tfrecords') })
  const names = Object.fromEntries(Object.entries(ids).map(([letter, id]) => [id, letter]))
  const row = [...(await data.read(0))].map((id) => `${names[id % BEGINS] ?? '.'}${id >= COUNTS ? '!' : ''}`)
  assert.equal(row.join(' '), '[ a ( B! [ c ( D! .! . . .')
  data.close()
})

test('data of completions is refused for masked models', async () => {
  const { config, samples } = await world()
  const events = train({
    engine: await engine(),
    config: config({ mlm_training: true, mlm_mask_id: 1 }),
    run: join(folder, 'masked'),
    data: { ...samples, completions: true },
  })
  await assert.rejects(events.next(), /mlm_training must be off with data of completions/)
})
