import type { HostData } from '../engine/index.js'
import { blockOf, cut, paste } from '../mesh/index.js'
import type { ParameterSpec } from '../model/index.js'
import { pad, sameDims, sizeOf, slice, type Dim, type Tensor } from '../tensor/index.js'

/**
 * Filler: a vocabulary that a mesh splits has zeros at its end on the engine, which checkpoints do not have. No gradient
 * reaches them, so they stay zero.
 */

/** Dims of a parameter, or of an array kept for it, without filler. */
export function withoutFillerDims(dims: readonly Dim[], { logical }: ParameterSpec): Dim[] {
  return dims.map((own) => (own.name === 'vocab' ? (logical.find(({ name }) => name === 'vocab') ?? own) : own))
}

/** Numbers without filler, as they lie on the engine. */
export function fillData(data: Float32Array, logical: readonly Dim[], dims: readonly Dim[]): Float32Array {
  if (sameDims(logical, dims)) return data
  const filled = new Float32Array(sizeOf(dims))
  paste(filled, dims, wholeOf(logical), data)
  return filled
}

/** Numbers as they lie on the engine, without filler. */
export function unfillData(data: HostData, dims: readonly Dim[], logical: readonly Dim[]): HostData {
  return sameDims(logical, dims) ? data : cut(data, dims, wholeOf(logical))
}

/** A tensor with filler at the end of each dim that is longer. */
export function fillTensor(x: Tensor, dims: readonly Dim[]): Tensor {
  return dims.reduce((y, { name, size }, i) => {
    const own = y.dims[i]
    return own.size === size ? y : (pad(y, { name, size: own.size }, 0, size - own.size) as Tensor)
  }, x)
}

/** A tensor without its filler. */
export function unfillTensor(x: Tensor, logical: readonly Dim[]): Tensor {
  return logical.reduce((y, { size }, i) => (y.dims[i].size === size ? y : (slice(y, y.dims[i], 0, size) as Tensor)), x)
}

const wholeOf = (dims: readonly Dim[]) =>
  blockOf(
    dims,
    dims.map(() => null),
    { axes: [], size: 1 },
    0,
  )
