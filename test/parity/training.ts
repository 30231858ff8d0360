import type { ModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit, type Engine } from '../../src/engine/index.js'
import { loss, modelShape, scopeOf, type LayerMode, type Parameters } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import { split } from '../../src/train/step.js'
import { Trainer } from '../../src/train/index.js'
import { recordedStart, recordedTokens } from './recorded-start.js'

/** Losses of the first steps from where recorded cases start, on tokens of a seed. */
export async function firstLosses(
  engine: Engine,
  config: ModelConfig,
  layers: LayerMode,
  { steps, seed }: { steps: number; seed: number },
) {
  const trainer = new Trainer(engine, config, layers)
  try {
    await trainer.start(async ({ name, shape }) => recordedStart(name, shape))
    const size = config.train_batch_size * (config.n_ctx + 1)
    const tokens = recordedTokens([steps, size], config.n_vocab, seed)
    const losses: number[] = []
    for (let i = 0; i < steps; i++) {
      const metrics = await trainer.trainOn(tokens.subarray(i * size, (i + 1) * size))
      losses.push(await metrics.loss.readScalar())
    }
    return losses
  } finally {
    trainer.dispose()
  }
}

/** A function that gives the loss of a batch of rows of n_ctx + 1 ids under evaluation. */
export function evaluator(engine: Engine, { config, specs, layers }: Pick<Trainer, 'config' | 'specs' | 'layers'>) {
  const size = config.eval_batch_size ?? config.train_batch_size
  const model = modelShape(config, { batch: size })
  const program = jit(engine, (values: Parameters, rows: Tensor) => {
    const { inputs, labels } = split(rows, config.n_ctx)
    return loss(scopeOf(model, specs, values, layers), inputs, labels, model).loss
  })
  return {
    async loss(parameters: Parameters<DeviceArray>, ids: Int32Array): Promise<number> {
      const rows = DeviceArray.from(engine, ids, [dim('batch', size), dim('tokens', config.n_ctx + 1)], 'i32')
      const value = await ((await (program as any)(parameters, rows)) as DeviceArray).readScalar()
      rows.dispose()
      return value
    },
    dispose: program.dispose,
  }
}
