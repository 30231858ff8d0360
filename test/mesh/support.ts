/** Small configs on meshes, for tests of layouts. */
import { ConfigError, parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { LayoutError, parsePlacement, type Placement } from '../../src/mesh/index.js'
import { lowerStep } from '../../src/train/index.js'

/** The model of the recorded layouts: 4 heads, 32 wide, 32 tokens, 96 words, batches of 4. */
export const base = {
  n_vocab: 96,
  n_ctx: 32,
  n_embd: 32,
  n_head: 4,
  n_layer: 2,
  attention_types: [[['global'], 2]],
  train_batch_size: 4,
  lr: 1e-3,
  weight_decay: 0.1,
  train_steps: 100,
}

export interface Layout {
  readonly mesh_shape?: string
  readonly layout?: string
  readonly parameter_layout?: string
}

export function placementFor(changes: Record<string, unknown>): { config: ModelConfig; placement: Placement } {
  const layers = (changes.attention_types as [unknown, number][] | undefined)?.[0][1]
  const { config } = parseModelConfig({ ...base, ...(layers ? { n_layer: layers } : {}), ...changes })
  return { config, placement: parsePlacement(config.mesh_shape, config.layout, config.parameter_layout) }
}

/** What a user is told of a layout that cannot be, a line each; none for one that can. */
export function refusals(changes: Record<string, unknown>): readonly string[] {
  try {
    const { config, placement } = placementFor(changes)
    return lowerStep(config, placement).problems
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    if (error instanceof LayoutError) return error.message.split('\n')
    throw error
  }
}
