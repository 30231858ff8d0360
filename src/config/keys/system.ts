import { z } from 'zod'
import { key } from './key.js'
import { count, flag, oneOf, size, text } from './kinds.js'
import { datasetItems } from './dataset-items.js'
import { pairsText } from './mesh-pairs.js'

/** Evaluation and prediction. */
export const modelKeysOfEvaluation = {
  eval_batch_size: key(size.optional(), 'sequences per evaluation batch', 'inputs.py: sequential_input', {
    otherwise: 'train_batch_size',
  }),
  eval_steps: key(count.default(0), 'batches per evaluation (0: all of the data)', 'main.py: main'),
  eval_tasks: key(
    z
      .array(z.string())
      .meta({ expected: 'a list of tasks, such as lambada=lambada_test.jsonl and demo-words' })
      .default([]),
    'tasks to evaluate on during training, as `neomesh eval --tasks` takes them',
    'main.py: main',
  ),
  predict_steps: key(count.optional(), 'batches to predict', 'main.py: main', {
    inert: 'neomesh sample has options instead',
  }),
  predict_batch_size: key(size.optional(), 'prompts per batch', 'main.py: main', {
    inert: 'neomesh sample has options instead',
  }),
  predict_max_steps: key(size.optional(), 'maximum number of tokens to add to a prompt', 'model_fns.py: model_fn', {
    inert: 'neomesh sample has options instead',
  }),
  remove_partial_sequences: key(flag.optional(), 'omit the prompt from the printed text', 'model_fns.py: model_fn', {
    inert: 'neomesh sample always prints the prompt',
  }),
} as const

/** Devices, data and folders. */
export const modelKeysOfSystem = {
  mesh_shape: key(
    pairsText('mesh_shape').default(''),
    'names and sizes of the axes of the device mesh, such as "x:4,y:2"',
    'model_fns.py: model_fn',
  ),
  layout: key(
    pairsText('layout').default(''),
    'which dims of tensors are split over which mesh axes, such as "batch:x,heads:y"',
    'model_fns.py: model_fn',
  ),
  parameter_layout: key(
    pairsText('layout').default(''),
    'further rules for stored parameters and optimizer state, such as "embd:x"; they are gathered where they are used',
    'neomesh',
  ),
  datasets: key(
    datasetItems.default([]),
    'data sets, by the names of their configs; or [name, stitch, mode, weight]',
    'configs.py: fetch_model_params',
  ),
  model_path: key(text.optional(), 'checkpoint folder', 'main.py: main', {
    inert: 'neomesh train --run names the folder',
  }),
  no_dataset: key(flag.optional(), 'build a model without data', 'configs.py: fetch_model_params', {
    inert: 'data is opened when it is needed',
  }),
  input_fn: key(oneOf(['sequential_input', 'generic_text']).optional(), 'how the data is read', 'main.py: main', {
    inert: 'every sample is read once per epoch, in an order derived from the seed',
  }),
  shuffle_input_filenames: key(flag.optional(), 'read the files in random order', 'inputs.py: sequential_input', {
    inert: 'the samples of all files are shuffled together',
  }),
  compat: key(
    oneOf(['fixed', 'gpt-neo']).default('fixed'),
    'gpt-neo: reproduce the known bugs of the original; see docs/compatibility.md',
    'neomesh',
  ),
} as const
