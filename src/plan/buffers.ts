import { shardDims, type Placement } from '../mesh/index.js'
import { placeProgram, type PlacedProgram, type PlacedValue } from './static/placed-program.js'
import { plainBytes } from './static/tiles.js'
import type { LoweredStep } from './static/estimate.js'

/** A buffer that XLA allocates. */
export interface Buffer {
  readonly bytes: number
  /** The values in it, the largest first; for example `bf16 [layers 24, batch 1 of 8, sequence 2048]`. */
  readonly what: readonly string[]
}

/**
 * Names the dims of XLA's shapes, where a tensor of the program has that shape on a device; other shapes are returned
 * unchanged.
 */
export function nameShapes(step: LoweredStep, placement: Placement): (shape: string) => string {
  const names = new Map<string, string>()
  const add = (x: PlacedValue) => {
    const parts = shardDims(x.dims, x.axes, placement.mesh)
    const key = `${x.dtype}[${parts.map(({ size }) => size).join(',')}]`
    if (names.has(key) || parts.length === 0) return
    const shown = parts.map(
      ({ name, size }, i) => `${name} ${size}${size < x.dims[i].size ? ` of ${x.dims[i].size}` : ''}`,
    )
    names.set(key, `${x.dtype} [${shown.join(', ')}]`)
  }
  const visit = ({ inputs, steps }: PlacedProgram) => {
    inputs.forEach(add)
    for (const { outputs, body } of steps) {
      outputs.forEach(add)
      if (body) visit(body)
    }
  }
  visit(placeProgram(step.program, placement, step.roles, plainBytes))
  return (shape) => names.get(shape.replace(/^s(\d)/, 'i$1').replace(/^pred/, 'bool')) ?? shape
}
