import { z } from 'zod'
import { attentionKindNames, key, keyKinds } from '../config/index.js'

const { size, text } = keyKinds

/** A list without repeated values. */
const distinct = <T>(list: z.ZodArray<z.ZodType<T>>) =>
  list.min(1).refine((values) => new Set(values).size === values.length, {
    error: ({ input }) => `must not repeat a value (got ${JSON.stringify(input)})`,
  })

/** The keys of an ablation. */
export const ablationKeys = {
  base: key(
    z
      .union([z.string().min(1), z.record(z.string(), z.unknown())])
      .meta({ expected: 'the path of a model config, or an object of its keys' }),
    'model that the variants change: a path, relative to this file, or the keys themselves',
    'neomesh',
  ),
  data: key(
    text,
    '"demo" for the texts of `neomesh demo`, cut for the base\'s n_ctx and n_vocab; or the path of a data set config, ' +
      'relative to this file',
    'neomesh',
  ),
  variants: key(
    z
      .record(z.string(), z.unknown())
      .refine((variants) => Object.keys(variants).length > 0, { error: 'must name at least one variant' })
      .meta({ expected: 'an object of variants, such as {"linear": {"attention_types": [[["linear"], 4]]}}' }),
    "by variant name, the model keys that override the base's; the other variants are compared with the first one",
    'neomesh',
  ),
  seeds: key(
    distinct(z.array(z.number().int().min(0))).meta({
      expected: 'a list of different integers >= 0, such as [1, 2]',
    }),
    'each variant is trained once with each seed, of initial values and of the order of the data',
    'neomesh',
  ),
  steps: key(size.optional(), 'steps of each training', 'neomesh', { otherwise: "tokens, or the base's train_steps" }),
  tokens: key(size.optional(), 'tokens of each training, in whole steps', 'neomesh', { otherwise: 'given by steps' }),
  evaluate_every: key(size, "steps between evaluations, each of the base's eval_steps batches", 'neomesh'),
  costs: key(
    z
      .record(z.string(), z.unknown())
      .meta({ expected: 'an object of lengths, tokens, steps and attention' })
      .optional(),
    'how to measure time against context length',
    'neomesh',
    { otherwise: 'not measured' },
  ),
} as const

/** The keys of `costs`. */
export const costKeys = {
  lengths: key(
    distinct(z.array(z.number().int().min(1))).meta({
      expected: 'a list of different integers >= 1, such as [256, 1024]',
    }),
    'context lengths, n_ctx, to measure at',
    'neomesh',
  ),
  tokens: key(size, 'tokens per step at every length, a multiple of each length', 'neomesh'),
  steps: key(size.default(5), 'timed steps, after one that is not timed', 'neomesh'),
  attention: key(
    distinct(z.array(z.enum(attentionKindNames)))
      .meta({ expected: `a list of kinds: ${attentionKindNames.join(', ')}` })
      .default([...attentionKindNames]),
    'kinds of attention to measure, each in all layers of the base',
    'neomesh',
  ),
} as const
