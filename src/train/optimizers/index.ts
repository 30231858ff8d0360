import type { ModelConfig } from '../../config/index.js'
import { adam } from './adam.js'
import { adamw } from './adamw.js'
import type { Optimizer } from './optimizer.js'

export type { Optimizer, Update } from './optimizer.js'
export { clip } from './clip.js'

/** Optimizers by their `opt_name`. A new one is a file and a line here. */
export const OPTIMIZERS: Readonly<Record<ModelConfig['opt_name'], Optimizer>> = { adam, adamw }
