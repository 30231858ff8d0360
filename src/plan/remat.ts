import type { ModelConfig } from '../config/index.js'

/** What of each layer is kept for the backward pass, in programs whose layers are scanned. */
export function rematOf({ remat_policy, recompute_grad }: ModelConfig): NonNullable<ModelConfig['remat_policy']> {
  return remat_policy ?? (recompute_grad ? 'nothing' : 'products')
}
