/** Settings to fine-tune a model with where no config is given. */
import type { ModelConfig } from '../config/index.js'

/** Passes over the data where train_steps is not given. */
export const EPOCHS = 3

/**
 * The config of a model with settings for fine-tuning: AdamW at a tenth of the rates that models of these sizes were
 * trained with, a short warm-up, then cosine decay; no z-loss, so that the loss is the cross entropy. train_steps is
 * three passes over `samples` sequences, unless `changes` has it. Adapters (lora_rank) are trained at lr 2e-4.
 */
export function fineTuningConfig(model: ModelConfig, samples: number, changes: Partial<ModelConfig> = {}): ModelConfig {
  const defined = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const batch = changes.train_batch_size ?? Math.min(8, Math.max(1, samples))
  const steps = changes.train_steps ?? stepsOf(EPOCHS, samples, batch)
  return {
    ...model,
    opt_name: 'adamw',
    lr: (changes.lora_rank ?? 0) > 0 ? 2e-4 : 5e-5,
    lr_decay: 'cosine',
    lr_decay_end: undefined,
    warmup_steps: warmupOf(steps),
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weight_decay: 0.01,
    gradient_clipping: 1,
    z_loss: 0,
    train_batch_size: batch,
    train_steps: steps,
    eval_batch_size: undefined,
    eval_steps: 0,
    tokens_per_mb_per_replica: undefined,
    steps_per_checkpoint: 500,
    seed: 0,
    freeze: [],
    lora_rank: 0,
    lora_alpha: undefined,
    lora_dropout: 0,
    precision: 'float32',
    mesh_shape: '',
    layout: '',
    parameter_layout: '',
    datasets: [],
    ...defined,
  }
}

/** The same for `epochs` passes over `samples` sequences. A warm-up that the config does not have by the recipe stays. */
export function forEpochs(config: ModelConfig, epochs: number, samples: number): ModelConfig {
  const steps = stepsOf(epochs, samples, config.train_batch_size)
  const isRecipe = config.warmup_steps === warmupOf(config.train_steps)
  return { ...config, train_steps: steps, warmup_steps: isRecipe ? warmupOf(steps) : config.warmup_steps }
}

const stepsOf = (epochs: number, samples: number, batch: number) => Math.max(1, Math.ceil((epochs * samples) / batch))
const warmupOf = (steps: number) => Math.min(100, Math.floor(steps / 10))
