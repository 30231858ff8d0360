/** What bench/browser.ts runs in Node, and in a worker of a browser. */
import type { ModelConfig } from '../src/config/index.js'
import type * as engineRoom from '../src/engine/index.js'
import type * as trainRoom from '../src/train/index.js'

export interface Rooms {
  readonly 'neomesh/engine': Pick<typeof engineRoom, 'openEngine'>
  readonly 'neomesh/train': Pick<typeof trainRoom, 'Trainer'>
}

export interface Timed {
  /** Milliseconds of each step. */
  readonly times: readonly number[]
  /** Of the last step. */
  readonly loss: number
}

/** A training on one thread of the engine host; the function that it returns makes a step for each list of ids. */
export async function openSide(
  rooms: Rooms,
  config: ModelConfig,
): Promise<(batches: readonly (readonly number[])[]) => Promise<Timed>> {
  const engine = await rooms['neomesh/engine'].openEngine({ engine: 'host', threads: 1 })
  const trainer = new rooms['neomesh/train'].Trainer(engine, config)
  await trainer.initialise()
  return async (batches) => {
    const times: number[] = []
    let loss = NaN
    for (const ids of batches) {
      const start = performance.now()
      const metrics = await trainer.trainOn(Int32Array.from(ids))
      loss = await metrics.loss.readScalar()
      for (const array of Object.values(metrics)) array.dispose()
      times.push(performance.now() - start)
    }
    return { times, loss }
  }
}
