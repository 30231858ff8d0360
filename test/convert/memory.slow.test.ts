/** Conversion holds a tensor at a time: at the width of the 2.7B model it takes far less than 2 GB. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { ftruncateSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../files/temporary-folder.js'

const [VOCAB, CONTEXT, WIDTH, LAYERS] = [50257, 2048, 2560, 2]
const bin = fileURLToPath(new URL('../../../bin/neomesh.mjs', import.meta.url))

/** A Hugging Face folder of the 2.7B model's width with all its weights 0, which take no room on most discs. */
function writeHollowModel(folder: string): number {
  const tensors: Record<string, { dtype: 'F32'; shape: number[]; data_offsets: [number, number] }> = {}
  let end = 0
  const add = (name: string, ...shape: number[]) => {
    const start = end
    end += 4 * shape.reduce((a, b) => a * b, 1)
    tensors[`transformer.${name}`] = { dtype: 'F32', shape, data_offsets: [start, end] }
  }
  add('wte.weight', VOCAB, WIDTH)
  add('wpe.weight', CONTEXT, WIDTH)
  for (let layer = 0; layer < LAYERS; layer++) {
    for (const norm of ['ln_1', 'ln_2']) for (const part of ['weight', 'bias']) add(`h.${layer}.${norm}.${part}`, WIDTH)
    for (const kernel of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      add(`h.${layer}.attn.attention.${kernel}.weight`, WIDTH, WIDTH)
    add(`h.${layer}.attn.attention.out_proj.bias`, WIDTH)
    add(`h.${layer}.mlp.c_fc.weight`, 4 * WIDTH, WIDTH)
    add(`h.${layer}.mlp.c_fc.bias`, 4 * WIDTH)
    add(`h.${layer}.mlp.c_proj.weight`, WIDTH, 4 * WIDTH)
    add(`h.${layer}.mlp.c_proj.bias`, WIDTH)
  }
  for (const part of ['weight', 'bias']) add(`ln_f.${part}`, WIDTH)

  mkdirSync(folder)
  const sizes = { vocab_size: VOCAB, max_position_embeddings: CONTEXT, hidden_size: WIDTH, num_layers: LAYERS }
  const layers = { num_heads: 20, window_size: 256, attention_types: [[['global', 'local'], LAYERS / 2]] }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'gpt_neo', ...sizes, ...layers }))
  const text = JSON.stringify(tensors)
  const header = text.padEnd(Math.ceil(text.length / 8) * 8)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const file = openSync(join(folder, 'model.safetensors'), 'w')
  writeSync(file, Buffer.concat([length, Buffer.from(header)]))
  ftruncateSync(file, 8 + header.length + end)
  closeSync(file)
  return end
}

/** Runs a command in a process of its own, which starts itself again, and gives the most memory that it held, in bytes. */
function peakOf(args: readonly string[]): number {
  const report = `process.on('exit', () => require('fs').writeSync(1, '\\npeak ' + process.resourceUsage().maxRSS + '\\n'))`
  const options = { encoding: 'utf8', maxBuffer: 2 ** 24 } as const
  const hook = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/'); ${report}`)}`
  const said = execFileSync(process.execPath, ['--import', hook, bin, ...args], options)
  const peaks = [...said.matchAll(/^peak (\d+)$/gm)].map(([, kilobytes]) => 1024 * Number(kilobytes))
  assert.ok(peaks.length > 0, said)
  return Math.max(...peaks)
}

test('import and export at the width of 2.7B stay below 2 GB of memory', (t) => {
  const folder = temporaryFolder(t)
  const [model, imported, exported] = ['model', 'imported', 'exported'].map((name) => join(folder, name))
  const bytes = writeHollowModel(model)
  assert.ok(bytes > 1e9, `${bytes} bytes`)
  for (const args of [
    ['import', 'hf', model, '--out', imported],
    ['export', 'hf', imported, '--out', exported],
  ]) {
    const peak = peakOf(args)
    assert.ok(peak < 2e9, `${args.slice(0, 2).join(' ')} took ${(peak / 1e9).toFixed(2)} GB`)
    t.diagnostic(`${args.slice(0, 2).join(' ')}: ${(peak / 1e9).toFixed(2)} GB of memory`)
  }
})
