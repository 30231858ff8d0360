import { z } from 'zod'
import { modelKeysOfAdapters } from './adapters.js'
import { modelKeysOfAttention, modelKeysOfBlock, modelKeysOfShape } from './model.js'
import { modelKeysOfMixture } from './mixture.js'
import { modelKeysOfObjective } from './objective.js'
import { modelKeysOfEvaluation, modelKeysOfSystem } from './system.js'
import { modelKeysOfTraining } from './training.js'

/** Keys under the headings of the documentation. */
export const sections = {
  Shape: modelKeysOfShape,
  'Attention and positions': modelKeysOfAttention,
  Blocks: modelKeysOfBlock,
  'Mixture of experts': modelKeysOfMixture,
  Objective: modelKeysOfObjective,
  Training: modelKeysOfTraining,
  'What is trained': modelKeysOfAdapters,
  'Evaluation and prediction': modelKeysOfEvaluation,
  'Devices and data': modelKeysOfSystem,
} as const

/** Every key of a GPT-Neo model config, under GPT-Neo's names. Source: gpt-neo, main.py and the modules it calls. */
export const modelKeys = {
  ...modelKeysOfShape,
  ...modelKeysOfAttention,
  ...modelKeysOfBlock,
  ...modelKeysOfMixture,
  ...modelKeysOfObjective,
  ...modelKeysOfTraining,
  ...modelKeysOfAdapters,
  ...modelKeysOfEvaluation,
  ...modelKeysOfSystem,
} as const

export const modelSchema = z.strictObject(modelKeys)
/** A model config with its defaults filled in. */
export type ModelConfig = Readonly<z.infer<typeof modelSchema>>
