import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { base } from '../config/base.js'
import { runHere } from './run-here.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-config-'))
after(() => rmSync(folder, { recursive: true }))
const models = fileURLToPath(new URL('../../../configs/models/', import.meta.url))

function written(name: string, keys: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof keys === 'string' ? keys : JSON.stringify(keys))
  return path
}

test('config check: a config of ConnorJL/GPT2 has notes and status 0 (case old-configs)', async () => {
  const old = {
    ...{ n_vocab: 400, n_ctx: 32, n_embd: 16, n_head: 2, n_layer: 1, lr: 0.001, train_batch_size: 2 },
    ...{ opt_name: 'adafactor', ada_epsilon1: '1e-30', ada_epsilon2: 0.001, model: 'GPT2' },
    ...{ max_steps: 500000, train_steps: 10000, eval_steps: 5 },
    ...{ encoder_path: 'gs://bucket/encoder', data_path: 'gs://bucket/data' },
  }
  const path = written('old.json', old)
  const { code, stdout } = await runHere(['config', 'check', path])
  assert.equal(code, 0)
  assert.match(stdout, /^[^\n]*: no problems\n/)
  assert.match(
    stdout,
    /note: max_steps has no effect beside train_steps: 10000 is used, not 500000. Remove max_steps\n/,
  )
})

test('config check: problems and notes of several files; any problem sets the status', async () => {
  const good = written('good.json', { ...base, iterations: 5 })
  const bad = written('bad.json', { ...base, n_head: 5, lr: undefined, lerning_rate: 1 })
  const broken = written('broken.json', '{')
  const { code, stdout } = await runHere(['config', 'check', bad, broken, good])
  assert.equal(code, 1)
  assert.equal(
    stdout,
    [
      `${bad}: 3 problems`,
      '  lerning_rate: no such key; did you mean "lr"?',
      '  lr: is missing; training requires it',
      '  n_head: must divide n_embd, 32 (got 5). Use 2, 4 or 8',
      `${broken}:1:2: not valid JSON: Expected property name or '}'`,
      `${good}: no problems`,
      '  note: iterations has no effect: steps are dispatched one by one, ahead of their results',
      '',
    ].join('\n'),
  )
  assert.equal((await runHere(['config', 'check', good])).code, 0)
})

test('config show: layers, shapes and totals', async () => {
  const { code, stdout } = await runHere(['config', 'show', `${models}tiny.json`])
  assert.equal(code, 0)
  assert.equal(
    stdout.split('\nHow flops are counted:')[0],
    `2 layers, width 32, 4 heads of 8, 32 tokens, vocabulary 400

layer    attention  parameters  flops/token
h0       global         12,608       26,688
h1       local          12,608       25,488
outside                 13,888       25,600
all                     39,104       77,776

layers   variable                       shape                               parameters
outside  wte                            vocab 400, embd 32                      12,800
         wpe                            embed_sequence 32, embd 32               1,024
         ln_f/g                         embd 32                                     32
         ln_f/b                         embd 32                                     32
h0-h1    norm_1/g                       embd 32                                     32
         norm_1/b                       embd 32                                     32
         attn/q                         embd 32, heads 32                        1,024
         attn/k                         embd 32, heads 32                        1,024
         attn/v                         embd 32, heads 32                        1,024
         attn/o                         heads 32, embd 32                        1,024
         attn/compute_output_bias/o_b   embd 32                                     32
         norm_2/g                       embd 32                                     32
         norm_2/b                       embd 32                                     32
         mlp/conv1d_main/c_fc/kernel    embd 32, intermediate_expanded 128       4,096
         mlp/conv1d_main/c_fc/bias      intermediate_expanded 128                  128
         mlp/conv1d_main/c_proj/kernel  intermediate_expanded 128, embd 32       4,096
         mlp/conv1d_main/c_proj/bias    embd 32                                     32

parameters       39,104
flops/token      7.778e4 forward, 2.348e5 in training
training state   156.4 kB of parameters and 312.8 kB of adam, f32
sampling cache   256 B for each token, and 2.0 kB for each sequence: 10.2 kB for 32 tokens
`,
  )
  assert.match(stdout, /\nHow flops are counted:\n( {2}.+\n)+$/)
})

test('config list: what is shipped, the smallest first', async () => {
  const { stdout } = await runHere(['config', 'list'])
  const [head, ...rows] = stdout.split('\n')
  assert.match(head, /^config +parameters +layers +width +heads +tokens +attention$/)
  assert.match(rows[0], /^tiny +39,104 +2 +32 +4 +32 +global, local$/)
  assert.match(stdout, /^gpt3_175B +174,601,297,920 +96 +12,288 +96 +2,048 +global, local$/m)
})

test('config keys: by a word of their name or meaning', async () => {
  const { stdout } = await runHere(['config', 'keys', 'clipping'])
  assert.equal(
    stdout,
    'Training\n  gradient_clipping\n      global-norm clipping threshold\n      a number > 0; default: 1\n',
  )
  assert.match((await runHere(['config', 'keys', 'nonsense'])).stdout, /^no key has "nonsense"/)
})
