import type { ModelConfig } from '../config/index.js'

type Policy = NonNullable<ModelConfig['remat_policy']>

/** What scanned layers save for the backward pass where a config does not say. Layers that are not scanned save everything. */
export const SAVED_BY_SCANS = 'products' satisfies Policy

/** What of each layer is saved for the backward pass, if the config says so. */
export function requestedRemat({ remat_policy, recompute_grad }: ModelConfig): Policy | undefined {
  return remat_policy ?? (recompute_grad ? 'nothing' : undefined)
}

/** What of each layer is saved for the backward pass, in programs whose layers are scanned. */
export function rematPolicy(config: ModelConfig): Policy {
  return requestedRemat(config) ?? SAVED_BY_SCANS
}
