import { z } from 'zod'
import { key } from './key.js'
import { count, flag, oneOf, size, text } from './kinds.js'
import { datasetItems } from './dataset-items.js'
import { pairsText } from './mesh-pairs.js'

/** Evaluation and prediction. */
export const modelKeysOfEvaluation = {
  eval_batch_size: key(size.optional(), 'sequences in a batch of evaluation', 'inputs.py: sequential_input', {
    otherwise: 'train_batch_size',
  }),
  eval_steps: key(count.default(0), 'batches in an evaluation; 0 for all of the data', 'main.py: main'),
  eval_tasks: key(
    z.array(z.string()).meta({ says: 'a list of names, such as lambada and wikitext' }).default([]),
    'tasks to evaluate on besides',
    'main.py: main',
    { inert: 'the tasks are not there yet' },
  ),
  predict_steps: key(count.optional(), 'batches to predict', 'main.py: main', {
    inert: 'neomesh sample asks for what it needs',
  }),
  predict_batch_size: key(size.optional(), 'prompts in a batch', 'main.py: main', {
    inert: 'neomesh sample has an option',
  }),
  predict_max_steps: key(size.optional(), 'most tokens to add to a prompt', 'model_fns.py: model_fn', {
    inert: 'neomesh sample has an option',
  }),
  remove_partial_sequences: key(flag.optional(), 'leave the prompt out of what is printed', 'model_fns.py: model_fn', {
    inert: 'neomesh sample prints the prompt apart',
  }),
} as const

/** Devices, data and folders. */
export const modelKeysOfSystem = {
  mesh_shape: key(
    pairsText('mesh_shape').default(''),
    'names and sizes of the axes of a mesh of devices, such as "x:4,y:2"',
    'model_fns.py: model_fn',
  ),
  layout: key(
    pairsText('layout').default(''),
    'which dims of tensors are split over which axes, such as "batch:x,heads:y"',
    'model_fns.py: model_fn',
  ),
  parameter_layout: key(
    pairsText('layout').default(''),
    'further rules for stored parameters and optimizer state, such as "embd:x": they are gathered where they are used',
    'neomesh',
  ),
  datasets: key(
    datasetItems.default([]),
    'data sets, by the names of their configs; or [name, stitch, mode, weight]',
    'configs.py: fetch_model_params',
  ),
  model_path: key(text.optional(), 'folder of checkpoints', 'main.py: main', {
    inert: 'neomesh train --run names the folder',
  }),
  no_dataset: key(flag.optional(), 'make a model without data', 'configs.py: fetch_model_params', {
    inert: 'data is opened when it is needed',
  }),
  input_fn: key(oneOf(['sequential_input', 'generic_text']).optional(), 'how the data is read', 'main.py: main', {
    inert: 'every sample is read once in each pass, in an order that the seed makes',
  }),
  shuffle_input_filenames: key(flag.optional(), 'read the files in an order of chance', 'inputs.py: sequential_input', {
    inert: 'the samples of all files are shuffled together',
  }),
  compat: key(
    oneOf(['fixed', 'gpt-neo']).default('fixed'),
    'gpt-neo: with the known bugs of the original; see docs/compatibility.md',
    'neomesh',
  ),
} as const
