import { DeviceArray } from '../../engine/device-array.js'
import { jit } from '../../engine/jit.js'
import { dim, random, type Tensor } from '../../tensor/index.js'
import type { LoadedModel } from '../generate.js'
import { keyAt } from '../pick.js'

/** Gumbel noise f32 [vocab] of a token, a function of the request's seed and the token's position. */
export interface Noise {
  at(seed: number, position: number): Promise<Float32Array>
  dispose(): void
}

/** The noise that `generate` has in its first row; a program for one row, so that a slot's noise is that of any other. */
export function noiseOf({ engine, config }: LoadedModel): Noise {
  const vocab = dim('vocab', config.n_vocab)
  const program = jit(
    engine,
    (words: Tensor, position: Tensor<'batch'>) => random.gumbel(keyAt(words, position), [vocab]),
    { name: 'noise' },
  )
  return {
    async at(seed, position) {
      const words = DeviceArray.from(engine, new Uint32Array(random.seedWords(seed)), [random.SEED_WORDS], 'u32')
      const at = DeviceArray.from(engine, Int32Array.of(position), [], 'i32')
      const noise = await program(words, at)
      try {
        return (await noise.read()) as Float32Array
      } finally {
        for (const each of [words, at, noise]) each.dispose()
      }
    },
    dispose: () => program.dispose(),
  }
}
