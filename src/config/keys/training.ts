import { key } from './key.js'
import { count, flag, notNegative, oneOf, positive, rate, size } from './kinds.js'

const optimizers = 'optimizers.py: get_optimizer'

export const optimizerNames = ['adam', 'adamw', 'adafactor', 'lion', 'muon'] as const

/** How the parameters are learned. */
export const modelKeysOfTraining = {
  opt_name: key(
    oneOf(optimizerNames).default('adam'),
    "optimizer; adam is GPT-Neo's, without bias correction; GPT-Neo lacks adamw, lion and muon",
    optimizers,
  ),
  lr: key(
    positive.default(2.5e-4),
    'peak learning rate; with adafactor constant, and relative to the scale of a parameter',
    optimizers,
    {
      otherwise: 'required to train',
    },
  ),
  lr_decay: key(
    oneOf(['cosine', 'linear', 'none']).default('none'),
    'learning rate decay, to a tenth of lr',
    optimizers,
  ),
  lr_decay_end: key(size.optional(), 'step at which the decay ends', optimizers, { otherwise: 'train_steps' }),
  warmup_steps: key(count.default(0), 'learning rate warm-up: steps over which lr rises from 0', optimizers),
  beta1: key(rate.default(0.9), 'first-moment decay (momentum); also of adafactor', optimizers, {
    otherwise: '0.9; with adafactor 0 (no momentum)',
  }),
  beta2: key(rate.default(0.95), 'second-moment decay; with lion the decay of its momentum', optimizers),
  epsilon: key(positive.default(1e-8), 'added to the root of the second moment', optimizers),
  weight_decay: key(
    notNegative.optional(),
    'weight decay: fraction of a parameter, times lr, subtracted in each step; with adafactor the second-moment decay',
    optimizers,
    { otherwise: '0; with adafactor 1 - (step + 1)^-0.8' },
  ),
  ada_epsilon1: key(positive.default(1e-30), 'adafactor: added to squared gradients', optimizers),
  ada_epsilon2: key(
    positive.default(1e-3),
    'adafactor: minimum scale of a parameter for the relative learning rate',
    optimizers,
  ),
  gradient_clipping: key(positive.default(1), 'global-norm clipping threshold', 'optimizers.py: clip_by_global_norm'),
  train_steps: key(size.default(1000), 'number of training steps', 'main.py: main', { otherwise: 'required to train' }),
  train_batch_size: key(size.default(8), 'sequences per training step', 'model_fns.py: model_fn', {
    otherwise: 'required to train',
  }),
  tokens_per_mb_per_replica: key(
    count.optional(),
    'tokens per microbatch and replica; a step accumulates the gradients of its microbatches',
    'model_fns.py: model_fn',
    { otherwise: 'one microbatch, as with 0' },
  ),
  recompute_grad: key(
    flag.default(false),
    'recompute each layer in the backward pass: less memory, more time',
    'models/gpt2/gpt2.py: model',
  ),
  remat_policy: key(
    oneOf(['all', 'products', 'nothing']).optional(),
    'what each layer saves for the backward pass; the rest is recomputed',
    'neomesh',
    {
      otherwise: 'nothing with recompute_grad; else all, or the products where layers are scanned',
    },
  ),
  precision: key(
    oneOf(['float32', 'bfloat16']).default('float32'),
    'dtype of activations; parameters stay float32',
    'model_fns.py: model_fn',
  ),
  seed: key(count.default(0), 'seed of initial parameters, dropout and data order', 'inputs.py: sequential_input'),
  steps_per_checkpoint: key(size.default(500), 'steps between checkpoints', 'main.py: --steps_per_checkpoint'),
  keep_checkpoint_max: key(count.optional(), 'newest checkpoints to keep; 0 keeps all', 'neomesh', { otherwise: '2' }),
  keep_checkpoint_every_n_steps: key(
    count.optional(),
    'also keeps the checkpoints of steps that are multiples of this',
    'neomesh',
    { otherwise: '0: none' },
  ),
  keep_checkpoint_best: key(
    count.optional(),
    'also keeps the N checkpoints with the lowest validation loss; an evaluation that gives one of these is followed by a checkpoint',
    'neomesh',
    { otherwise: '0: none' },
  ),
  iterations: key(size.optional(), 'steps that a TPU runs per call from the host', 'main.py: main', {
    inert: 'steps are dispatched one by one, ahead of their results',
  }),
  log_grads: key(flag.optional(), 'log a histogram of each gradient', 'model_fns.py: model_fn', {
    inert: 'metrics.jsonl has the global gradient norm of every step',
  }),
} as const
