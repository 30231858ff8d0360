import { DeviceArray } from '../engine/device-array.js'
import type { Engine } from '../engine/index.js'
import { jit, type Jitted } from '../engine/jit.js'
import { hashOf } from './hash.js'
import type { Initializer, Parameters, ParameterSpec } from './scope.js'
import { dim, expm1, fill, random, relayout, type Dim, type Tensor } from '../tensor/index.js'
import { padTo } from './vocab-padding.js'

/**
 * Initial parameters, drawn on the engine. The numbers of a variable depend on the seed, its name and its shape alone:
 * not on other variables, nor on how layers are stacked, nor on the mesh; each device draws its own part.
 */
export async function initialise(
  engine: Engine,
  specs: readonly ParameterSpec[],
  seed: number,
): Promise<Parameters<DeviceArray>> {
  const words = DeviceArray.from(engine, new Uint32Array(random.seedWords(seed)), [random.SEED_WORDS], 'u32')
  const programs = new Map<string, Jitted<[Tensor, Tensor], Tensor>>()
  const parameters: Record<string, DeviceArray> = {}
  for (const { name, names, dims, logical, initializer } of specs) {
    const stacked = names.length > 1
    const key = JSON.stringify([dims, logical, initializer])
    const drawn = draw(logical, initializer, stacked)
    const make = (seed: Tensor, hashes: Tensor) => relayout(padTo(drawn(seed, hashes), dims), 'parameters')
    const program = programs.get(key) ?? jit(engine, make, { name: 'initialise' })
    programs.set(key, program)
    const along = stacked ? dims[0] : dim('name', 1)
    const hashes = DeviceArray.from(engine, Uint32Array.from(names, hashOf), [along], 'u32')
    parameters[name] = (await program(words, hashes)) as DeviceArray
    hashes.dispose()
  }
  words.dispose()
  for (const program of programs.values()) program.dispose()
  return parameters
}

function draw(dims: readonly Dim[], initializer: Initializer, stacked: boolean) {
  return (words: Tensor, hashes: Tensor): Tensor => {
    if (initializer.kind === 'constant') return fill(dims, initializer.value, 'f32')
    const named = random.foldIn(random.keyOfWords(words), stacked ? hashes : hashes.max(hashes.dims[0]))
    if (initializer.kind === 'uniform') {
      const { low, high, through } = initializer
      const drawn = random.uniform(named, dims, low, high)
      if (through === 'log') return drawn.log()
      if (through !== 'step') return drawn
      const step = drawn.exp()
      return step.add(expm1(step.neg()).neg().log())
    }
    const draw = initializer.kind === 'normal' ? random.normal : random.truncatedNormal
    return draw(named, dims).mul(initializer.stddev)
  }
}
