import type { HostData } from '../engine/index.js'
import { blockOf, cut, paste } from '../mesh/index.js'
import type { ParameterSpec } from './scope.js'
import { pad, sameDims, sizeOf, slice, type Dim, type Tensor } from '../tensor/index.js'

/**
 * Padding of the vocabulary: where a mesh splits it, arrays on the engine end with zeros, which checkpoints do not
 * have. No gradient reaches the padding, so it stays zero.
 */

/** The dims of a parameter, or of an optimizer's slot for it, without padding. */
export function unpaddedDims(dims: readonly Dim[], { logical }: ParameterSpec): Dim[] {
  return dims.map((dim) => (dim.name === 'vocab' ? (logical.find(({ name }) => name === 'vocab') ?? dim) : dim))
}

/** Row-major data of the `logical` dims, padded with zeros to `dims`. */
export function padData(data: Float32Array, logical: readonly Dim[], dims: readonly Dim[]): Float32Array {
  if (sameDims(logical, dims)) return data
  const padded = new Float32Array(sizeOf(dims))
  paste(padded, dims, wholeOf(logical), data)
  return padded
}

/** Row-major data of `dims`, without the padding beyond the `logical` dims. */
export function stripDataPadding(data: HostData, dims: readonly Dim[], logical: readonly Dim[]): HostData {
  return sameDims(logical, dims) ? data : cut(data, dims, wholeOf(logical))
}

/** A tensor padded with zeros at the end of each dim to the sizes of `dims`. */
export function padTo(x: Tensor, dims: readonly Dim[]): Tensor {
  return dims.reduce((y, { name, size }, i) => {
    const current = y.dims[i].size
    return current === size ? y : (pad(y, { name, size: current }, 0, size - current) as Tensor)
  }, x)
}

/** A tensor without the padding beyond the `logical` dims. */
export function stripPadding(x: Tensor, logical: readonly Dim[]): Tensor {
  return logical.reduce((y, { size }, i) => (y.dims[i].size === size ? y : (slice(y, y.dims[i], 0, size) as Tensor)), x)
}

const wholeOf = (dims: readonly Dim[]) =>
  blockOf(
    dims,
    dims.map(() => null),
    { axes: [], size: 1 },
    0,
  )
