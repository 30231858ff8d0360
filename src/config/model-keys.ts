import { z } from 'zod'

/**
 * Every key of a GPT-Neo model config that this program reads: type, range, default and meaning. Names are GPT-Neo's.
 * Numbers may be written as strings, as in some released configs. Source: gpt-neo, main.py and the modules it calls.
 */
const size = z.preprocess(fromText, z.number().int().min(1))
const count = z.preprocess(fromText, z.number().int().min(0))
const rate = z.preprocess(fromText, z.number().min(0).lt(1))
const positive = z.preprocess(fromText, z.number().positive())
const notNegative = z.preprocess(fromText, z.number().min(0))

function fromText(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value
}

/** `[[["global", "local"], 2], [["linear"], 1]]`: kinds, and how often they are repeated. */
const attentionTypes = z.array(z.tuple([z.array(z.enum(['global', 'local'])).min(1), size])).min(1)

export const modelKeys = {
  // Shape
  n_vocab: size.describe('entries of the vocabulary'),
  n_ctx: size.describe('tokens in a sequence'),
  n_embd: size.describe('width of the residual stream'),
  n_head: size.describe('attention heads; they divide n_embd'),
  n_layer: size.describe('blocks of attention and feed-forward'),
  attention_types: attentionTypes.optional().describe('kind of attention of each layer; all global if absent'),
  local_attention_radius: size.default(256).describe('keys that local attention sees, counting its own'),
  activation_function: z.enum(['gelu']).default('gelu').describe('of the feed-forward'),
  scale_by_depth: z.boolean().default(true).describe('multiply the initial c_proj by n_layer^-1/2'),
  scale_by_in: z.boolean().default(false).describe('multiply initial feed-forward kernels by fan_in^-1/2'),
  // Objective
  z_loss: notNegative.default(1e-4).describe('weight of the squared log-partition in the loss'),
  // Training
  opt_name: z.enum(['adam', 'adamw']).default('adam').describe('adam is GPT-Neo\'s, without bias correction'),
  lr: positive.default(2.5e-4).describe('peak learning rate'),
  lr_decay: z.enum(['cosine', 'linear', 'none']).default('cosine').describe('to a tenth of lr'),
  lr_decay_end: size.optional().describe('step at which the decay ends; train_steps if absent'),
  warmup_steps: count.default(0).describe('steps over which lr rises from 0'),
  beta1: rate.default(0.9),
  beta2: rate.default(0.95),
  epsilon: positive.default(1e-8),
  weight_decay: notNegative.default(0.1),
  gradient_clipping: positive.default(1).describe('largest norm of all gradients together'),
  train_steps: size.default(1000),
  train_batch_size: size.default(8).describe('sequences in a step'),
  tokens_per_mb_per_replica: count.optional().describe('tokens in a microbatch; a step adds up the gradients of several'),
  recompute_grad: z.boolean().default(false).describe('recompute each layer in the backward pass: less memory, more time'),
  precision: z.enum(['float32', 'bfloat16']).default('float32').describe('of activations; parameters stay f32'),
  seed: count.default(0).describe('of parameters and of the order of the data'),
  // Evaluation and data
  eval_batch_size: size.optional().describe('train_batch_size if absent'),
  eval_steps: count.default(0).describe('batches in an evaluation; 0 for the whole set'),
  steps_per_checkpoint: size.default(500),
  datasets: z.array(z.union([z.string(), z.tuple([z.string()]).rest(z.unknown())])).default([]).describe('names of configs in configs/datasets'),
} as const

export const modelSchema = z.strictObject(modelKeys)
/** A model config with its defaults filled in. */
export type ModelConfig = Readonly<z.infer<typeof modelSchema>>

/**
 * Keys of GPT-Neo's configs that have no effect here at these values; another value is refused, since the model would be
 * another one.
 */
export const withoutEffect: Readonly<Record<string, { values: readonly unknown[]; why: string }>> = {
  embed_dropout: { values: [0], why: 'dropout is not there yet' },
  attn_dropout: { values: [0], why: 'dropout is not there yet' },
  res_dropout: { values: [0], why: 'dropout is not there yet' },
  activation_fn: { values: ['gelu'], why: 'activation_function is read in its place' },
  eos_id: { values: [], why: 'the data set\'s is used' },
  padding_id: { values: [], why: 'the data set\'s is used' },
  mesh_shape: { values: [], why: 'this run uses one device' },
  layout: { values: [], why: 'this run uses one device' },
  iterations: { values: [], why: 'steps are dispatched one by one' },
  predict_batch_size: { values: [], why: 'neomesh sample has an option' },
  predict_steps: { values: [], why: 'neomesh sample has an option' },
  model_path: { values: [], why: 'neomesh train --run names the folder' },
  ada_epsilon1: { values: [], why: 'it is of Adafactor' },
  ada_epsilon2: { values: [], why: 'it is of Adafactor' },
  model: { values: ['GPT', 'GPT2'], why: 'there is one model' },
  n_ctx_eval: { values: [], why: 'n_ctx is used' },
}
