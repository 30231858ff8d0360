import { key } from './key.js'
import { count, flag, notNegative, oneOf, positive, rate, size } from './kinds.js'

const optimizers = 'optimizers.py: get_optimizer'

export const optimizerNames = ['adam', 'adamw', 'adafactor', 'lion', 'muon'] as const

/** How the parameters are learned. */
export const modelKeysOfTraining = {
  opt_name: key(
    oneOf(optimizerNames).default('adam'),
    "adam is GPT-Neo's, without bias correction; adamw, lion and muon are ours",
    optimizers,
  ),
  lr: key(
    positive.default(2.5e-4),
    'peak learning rate; of adafactor, constant and relative to the size of a parameter',
    optimizers,
    {
      otherwise: 'required to train',
    },
  ),
  lr_decay: key(oneOf(['cosine', 'linear', 'none']).default('none'), 'how lr falls to a tenth of itself', optimizers),
  lr_decay_end: key(size.optional(), 'step at which lr has fallen', optimizers, { otherwise: 'train_steps' }),
  warmup_steps: key(count.default(0), 'steps over which lr rises from 0', optimizers),
  beta1: key(
    rate.default(0.9),
    'how much of the mean gradient is kept from step to step; of adafactor too',
    optimizers,
    {
      otherwise: '0.9; with adafactor 0, which is no momentum',
    },
  ),
  beta2: key(rate.default(0.95), "the same of the mean squared gradient, or of lion's mean", optimizers),
  epsilon: key(positive.default(1e-8), 'added to the root of the mean squared gradient', optimizers),
  weight_decay: key(
    notNegative.optional(),
    'part of a parameter, times lr, that is taken off in a step; with adafactor what beta2 is with adam',
    optimizers,
    { otherwise: '0; with adafactor 1 - (step + 1)^-0.8' },
  ),
  ada_epsilon1: key(positive.default(1e-30), 'adafactor: added to squared gradients', optimizers),
  ada_epsilon2: key(
    positive.default(1e-3),
    'adafactor: smallest size of a parameter that lr is relative to',
    optimizers,
  ),
  gradient_clipping: key(
    positive.default(1),
    'largest norm of all gradients together',
    'optimizers.py: clip_by_global_norm',
  ),
  train_steps: key(size.default(1000), 'steps of training', 'main.py: main', { otherwise: 'required to train' }),
  train_batch_size: key(size.default(8), 'sequences in a step', 'model_fns.py: model_fn', {
    otherwise: 'required to train',
  }),
  tokens_per_mb_per_replica: key(
    count.optional(),
    'tokens of a replica that are worked on at a time; a step adds up the gradients of several such microbatches',
    'model_fns.py: model_fn',
    { otherwise: 'all at once, as with 0' },
  ),
  recompute_grad: key(
    flag.default(false),
    'compute each layer again in the backward pass: less memory, more time',
    'models/gpt2/gpt2.py: model',
  ),
  remat_policy: key(
    oneOf(['all', 'products', 'nothing']).optional(),
    'what of each layer is kept for the backward pass; the rest is computed again',
    'neomesh',
    {
      otherwise: 'nothing with recompute_grad; else all, or the products where layers are scanned',
    },
  ),
  precision: key(
    oneOf(['float32', 'bfloat16']).default('float32'),
    'of activations; parameters stay float32',
    'model_fns.py: model_fn',
  ),
  seed: key(
    count.default(0),
    'of initial parameters, dropout and the order of the data',
    'inputs.py: sequential_input',
  ),
  steps_per_checkpoint: key(size.default(500), 'steps between checkpoints', 'main.py: --steps_per_checkpoint'),
  iterations: key(size.optional(), 'steps that a TPU takes between two visits of the host', 'main.py: main', {
    inert: 'steps are dispatched one by one, ahead of their results',
  }),
  log_grads: key(flag.optional(), 'log a histogram of each gradient', 'model_fns.py: model_fn', {
    inert: 'metrics.jsonl has the norm of all gradients at every step',
  }),
} as const
