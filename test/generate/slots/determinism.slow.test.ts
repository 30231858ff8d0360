import { test } from 'node:test'
import { checkLoads, loaded, mixed } from './support.js'

const kinds = (...names: string[]) => ({ attention_types: [[names, 1]], n_layer: names.length })
const MODELS: Record<string, Record<string, unknown>> = {
  'a ring longer than a chunk, rotary, odd widths': {
    ...kinds('global', 'local'),
    local_attention_radius: 80,
    rotary_emb: true,
    n_embd: 30,
  },
  'a ring as long as a size': { ...kinds('local', 'none', 'global'), local_attention_radius: 64 },
  'a ring above the context, memory slots': { ...kinds('global', 'local'), local_attention_radius: 500, num_mem_kv: 5 },
  'bf16 activations': { ...kinds('global', 'local', 'linear'), local_attention_radius: 9, precision: 'bfloat16' },
  'a wide vocabulary': { ...kinds('global', 'linear'), n_vocab: 4099, n_embd: 96, n_head: 4 },
}

for (const [name, changes] of Object.entries(MODELS))
  test(`${name}: a request has the same events alone and among 31 others`, async () => {
    await checkLoads(await loaded({ n_ctx: 100, ...changes }), mixed(32, 3), { slots: 6, chunk: 16 })
  })
