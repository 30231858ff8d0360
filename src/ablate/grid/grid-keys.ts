import { z } from 'zod'
import { key, keyKinds } from '../../config/index.js'
import { ablationKeys } from '../spec-keys.js'

const object = (expected: string) => z.record(z.string(), z.unknown()).meta({ expected })

/** The keys of an ablation on tasks. */
export const gridKeys = {
  base: ablationKeys.base,
  task: key(
    z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .optional()
      .meta({ expected: 'the name of a task, or an object such as {"name": "mqar", "pairs": 4}' }),
    'task to train on (docs/laboratory.md), which gives n_ctx and n_vocab',
    'neomesh',
    { otherwise: 'given by tasks' },
  ),
  tasks: key(
    object('an object of tasks by name, such as {"easy": {"name": "mqar", "pairs": 4}}').optional(),
    'several tasks, by a name for the report',
    'neomesh',
    { otherwise: 'the one of task' },
  ),
  variants: ablationKeys.variants,
  grid: key(
    object('an object of lists by model key, such as {"n_embd": [64, 128], "lr": [0.001, 0.003]}').default({}),
    'model keys with the values to train each variant with; of lr and other keys of training the best is reported',
    'neomesh',
  ),
  seeds: ablationKeys.seeds,
  steps: ablationKeys.steps,
  evaluate_every: key(keyKinds.size, 'steps between evaluations on the test sequences', 'neomesh'),
  stop_at: key(
    keyKinds.probability.optional(),
    'accuracy on the test sequences at which a training ends early',
    'neomesh',
    { otherwise: 'never' },
  ),
} as const

/** Keys of a task in a grid beside those of its kind. */
export const gridTaskKeys = {
  model: key(
    object('an object of model keys').default({}),
    'model keys for this task, such as its train_steps',
    'neomesh',
  ),
  tests: key(
    object('an object of task settings by name, such as {"longer": {"length": 256}}').default({}),
    "further tests after training, by a name: settings that override the task's",
    'neomesh',
  ),
} as const
