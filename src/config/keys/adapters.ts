import { key } from './key.js'
import { count, patterns, positive, rate } from './kinds.js'

const lora = 'neomesh'

/** What of a model is trained: all of it, all but some variables, or adapters beside it. */
export const modelKeysOfAdapters = {
  freeze: key(
    patterns.default([]),
    'variables that are not trained, by regular expressions that match a part of their names, such as gpt2/wte or gpt2/h0/attn/q',
    'neomesh',
  ),
  lora_rank: key(count.default(0), 'rank of LoRA adapters: with them nothing else is trained (0: no adapters)', lora),
  lora_alpha: key(positive.optional(), 'scale of the adapters, times lora_rank', lora, { otherwise: 'lora_rank' }),
  lora_dropout: key(rate.default(0), "dropout rate of the adapters' inputs", lora),
  lora_targets: key(
    patterns.default(['/attn/[qv]$']),
    'matrices that have adapters, by regular expressions that match a part of their names',
    lora,
  ),
} as const
