/** Layouts that are not possible, each refused with the dim, the axis, the tensor and what to do instead. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusals } from './support.js'

const local = { attention_types: [[['local'], 2]], local_attention_radius: 8 }
const experts = { moe_layers: [1], moe_params: { moe_num_experts: 6, moe_hidden_size: 40, moe_dropout_rate: 0 } }

/** Changes of the base config; words that the refusal must have. */
const cases: [changes: Record<string, unknown>, words: string[]][] = [
  // Two dims of a tensor on one axis.
  [{ mesh_shape: 'x:2', layout: 'heads:x,embd:x' }, ['"heads"', '"embd"', 'axis "x"', 'gpt2/h0/attn/q', 'leave out "']],
  [
    { mesh_shape: 'x:2', layout: 'vocab:x,embd:x' },
    ['"vocab"', '"embd"', 'axis "x"', 'gpt2/wte', 'leave out "vocab:x"'],
  ],
  [
    { mesh_shape: 'x:2', layout: 'intermediate_expanded:x,embd:x' },
    ['"intermediate_expanded"', '"embd"', 'c_fc/kernel'],
  ],
  [{ mesh_shape: 'x:2', layout: 'sequence:x,memory_length:x' }, ['"sequence"', '"memory_length"', 'axis "x"', '.ts:']],
  [{ mesh_shape: 'x:2', layout: 'batch:x,sequence:x' }, ['"batch"', '"sequence"', 'axis "x"', '[batch 4, ']],
  [{ mesh_shape: 'x:2', layout: 'batch:x,heads:x' }, ['"batch"', '"heads"', 'axis "x"', 'attention/heads.ts:']],
  [{ mesh_shape: 'x:2', layout: 'batch:x,vocab:x' }, ['"batch"', '"vocab"', 'axis "x"', 'cross-entropy.ts:']],
  [
    { mesh_shape: 'x:2', layout: 'batch:x,embd:x' },
    ['"batch"', '"embd"', 'axis "x"', 'leave out "batch:x" or "embd:x"'],
  ],
  [{ mesh_shape: 'x:2', layout: 'batch:x,memory_length:x' }, ['"batch"', '"memory_length"', 'axis "x"']],
  [
    { mesh_shape: 'x:2', layout: 'batch:x,intermediate_expanded:x' },
    ['"batch"', '"intermediate_expanded"', 'feed-forward'],
  ],
  [{ mesh_shape: 'x:2', layout: 'heads:x,memory_length:x' }, ['"heads"', '"memory_length"', 'axis "x"']],
  [{ mesh_shape: 'x:2', layout: 'heads:x,features_per_head:x' }, ['"heads"', '"features_per_head"', 'gpt2/h0/attn/q']],
  [{ mesh_shape: 'x:2', layout: 'embed_sequence:x,embd:x' }, ['"embed_sequence"', '"embd"', 'gpt2/wpe']],
  [{ mesh_shape: 'x:2', layout: 'sequence:x,vocab:x' }, ['"sequence"', '"vocab"', 'axis "x"']],
  [
    { ...experts, mesh_shape: 'x:2', layout: 'experts:x,expert_hidden:x' },
    ['"experts"', '"expert_hidden"', 'axis "x"', 'wi/kernel'],
  ],
  [{ ...experts, mesh_shape: 'x:2', layout: 'experts:x,embd:x' }, ['"experts"', '"embd"', 'axis "x"', 'wi/kernel']],
  [
    { mesh_shape: 'x:2', layout: 'heads:x', parameter_layout: 'embd:x' },
    ['parameter_layout', '"heads"', '"embd"', 'axis "x"', 'gpt2/h0/attn/q'],
  ],
  [
    { mesh_shape: 'x:2', layout: 'vocab:x', parameter_layout: 'embd:x' },
    ['parameter_layout', '"vocab"', '"embd"', 'gpt2/wte'],
  ],
  // A dim on two axes.
  [{ mesh_shape: 'x:2,y:2', layout: 'batch:x,batch:y' }, ['"batch"', 'axis "x"', 'axis "y"', 'Leave out "batch:x"']],
  [{ mesh_shape: 'x:2,y:2', layout: 'heads:y,heads:x' }, ['"heads"', 'axis "y"', 'axis "x"', 'Leave out "heads:y"']],
  // Sizes that the axis does not divide.
  [
    { mesh_shape: 'x:8', layout: 'heads:x' },
    ['heads', '4', 'axis "x" of 8', 'gpt2/h0/attn/q', 'Use 8', 'axis of 2 or 4'],
  ],
  [{ mesh_shape: 'x:8', layout: 'batch:x' }, ['batch', '4', 'axis "x" of 8', '[batch, sequence, embd]', 'Use 8']],
  [{ mesh_shape: 'x:3', layout: 'embd:x' }, ['embd', '32', 'axis "x" of 3', 'gpt2/wte', 'Use 30 or 33']],
  [{ mesh_shape: 'x:5', layout: 'sequence:x' }, ['sequence', '32', 'axis "x" of 5', 'Use 30 or 35']],
  [{ mesh_shape: 'x:5', layout: 'memory_length:x' }, ['memory_length', '32', 'axis "x" of 5', 'keys']],
  [
    { mesh_shape: 'x:3', layout: 'intermediate_expanded:x' },
    ['intermediate_expanded', '128', 'axis "x" of 3', 'c_fc/kernel'],
  ],
  [
    { mesh_shape: 'x:3', layout: 'features_per_head:x' },
    ['"features_per_head" of 8', 'axis "x" of 3', 'gpt2/h0/attn/q'],
  ],
  [{ mesh_shape: 'x:5', layout: 'embed_sequence:x' }, ['embed_sequence', '32', 'axis "x" of 5', 'gpt2/wpe']],
  [
    { ...local, mesh_shape: 'x:4', layout: 'sequence:x', compat: 'gpt-neo' },
    ['sequence', 'blocks of its local attention', 'leave out "sequence:x"'],
  ],
  [
    { ...experts, mesh_shape: 'x:4', layout: 'experts:x' },
    ['experts', '6', 'axis "x" of 4', 'Use 4 or 8', 'axis of 2'],
  ],
  [{ ...experts, mesh_shape: 'x:3', layout: 'expert_hidden:x' }, ['expert_hidden', '40', 'axis "x" of 3', 'wi/kernel']],
  [
    { mesh_shape: 'x:3', layout: 'batch:x', train_batch_size: 6, eval_batch_size: 4 },
    ['eval_batch_size', 'batch', '4'],
  ],
  [
    { mesh_shape: 'x:4', parameter_layout: 'embed_sequence:x', n_ctx: 30 },
    ['"embed_sequence" of 30', 'gpt2/wpe', '28 or 32'],
  ],
  [
    { axial_pos_emb: [4, 8], mesh_shape: 'x:3', layout: 'axial_dim_1:x' },
    ['"axial_dim_1" of 8', 'axis "x" of 3', 'axial_wpe_2'],
  ],
  // No mesh, no layout.
  [{ mesh_shape: 'x=4', layout: 'batch:x' }, ['mesh_shape', '"x=4"', 'one colon, such as "x:4"']],
  [{ mesh_shape: 'x:4', layout: 'batch=x' }, ['layout', '"batch=x"', 'one colon']],
  [{ mesh_shape: 'x:a', layout: 'batch:x' }, ['mesh_shape', 'axis "x"', '"a"', 'must have an integer size >= 1']],
  [{ mesh_shape: 'x:0', layout: '' }, ['mesh_shape', 'axis "x"', '"0"', 'must have an integer size >= 1']],
  [{ mesh_shape: 'x:2,x:2', layout: 'batch:x' }, ['mesh_shape', 'axis "x" must be given once']],
  [{ mesh_shape: 'x:2,y:2', layout: 'batch:x:y' }, ['layout', '"batch:x:y"', 'one colon']],
]

for (const [changes, words] of cases) {
  const { mesh_shape, layout = '', parameter_layout } = changes
  test(`${mesh_shape} by ${layout}${parameter_layout ? ` and ${parameter_layout}` : ''} is refused`, () => {
    const found = refusals(changes)
    assert.ok(
      found.some((line) => words.every((word) => line.includes(word))),
      found.join('\n') || 'it was not refused',
    )
  })
}
