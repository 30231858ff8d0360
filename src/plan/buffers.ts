import { shardDims, type Placement } from '../mesh/index.js'
import { layProgram, type Block, type Held } from './static/blocks.js'
import { plainBytes } from './static/tiles.js'
import type { LoweredStep } from './static/estimate.js'

/** A piece of memory that XLA sets aside. */
export interface Buffer {
  readonly bytes: number
  /** What lies in it, the largest first; as in `bf16 [layers 24, batch 1 of 8, sequence 2048]`. */
  readonly what: readonly string[]
}

/**
 * Gives the shapes that XLA names the dims that they have in the program, where a tensor of the program has that shape on a
 * device; others stay as they are.
 */
export function nameShapes(step: LoweredStep, placement: Placement): (shape: string) => string {
  const names = new Map<string, string>()
  const add = (x: Held) => {
    const parts = shardDims(x.dims, x.axes, placement.mesh)
    const key = `${x.dtype}[${parts.map(({ size }) => size).join(',')}]`
    if (names.has(key) || parts.length === 0) return
    const shown = parts.map(
      ({ name, size }, i) => `${name} ${size}${size < x.dims[i].size ? ` of ${x.dims[i].size}` : ''}`,
    )
    names.set(key, `${x.dtype} [${shown.join(', ')}]`)
  }
  const visit = ({ inputs, steps }: Block) => {
    inputs.forEach(add)
    for (const { outputs, body } of steps) {
      outputs.forEach(add)
      if (body) visit(body)
    }
  }
  visit(layProgram(step.program, placement, step.roles, plainBytes))
  return (shape) => names.get(shape.replace(/^s(\d)/, 'i$1').replace(/^pred/, 'bool')) ?? shape
}
