import { DeviceArray, HOST_ARRAYS } from '../../engine/device-array.js'
import type { Cache, Parameters, Positions } from '../../model/index.js'
import {
  dim,
  dynamicUpdateSlice,
  mapLeaves,
  pad,
  sizeOf,
  slice,
  spec,
  Tensor,
  trace,
  type Dim,
  type DType,
} from '../../tensor/index.js'
import type { LoadedModel } from '../generate.js'

/** One layer's cache after the other. */
export type Caches<T = DeviceArray> = readonly Cache<T>[]
export interface CacheShape {
  readonly dims: readonly Dim[]
  readonly dtype: DType
}

/** Dims and dtypes of a model's caches for `rows` rows of up to `size` positions. */
export function cacheShapes({ model }: LoadedModel, rows: number, size: number): Caches<CacheShape> {
  const parameters = Object.fromEntries(model.specs.map(({ name, dims }) => [name, spec(dims, 'f32')]))
  const ids = spec([dim('batch', rows), dim('sequence', 1)], 'i32')
  const { result } = trace(
    (values: Parameters, first: Tensor<'batch' | 'sequence'>, length: Positions) =>
      model.prefill(values, first, length, size).caches,
    [parameters, ids, spec([], 'i32')],
  )
  const isTensor = (x: unknown): x is Tensor => x instanceof Tensor
  return mapLeaves(result, isTensor, ({ dims, dtype }) => ({ dims, dtype })) as unknown as Caches<CacheShape>
}

/** Caches of nothing. */
export function emptyCaches({ engine }: LoadedModel, shapes: Caches<CacheShape>): Caches {
  return mapCaches(shapes, ({ dims, dtype }) =>
    DeviceArray.from(engine, new HOST_ARRAYS[dtype](sizeOf(dims)), dims, dtype),
  )
}

/** Caches with zeros after the positions that they have, or without their last ones, to have these dims but for `batch`. */
export function resized(caches: Caches<Tensor>, shapes: Caches<CacheShape>): Caches<Tensor> {
  return mapCaches(caches, (x, layer, name) =>
    x.dims.reduce((y: Tensor, along, axis) => {
      const wanted = shapes[layer][name].dims[axis].size
      if (along.name === 'batch' || along.size === wanted) return y
      return wanted > along.size ? pad(y, along, 0, wanted - along.size) : slice(y, along, 0, wanted)
    }, x),
  )
}

/** Caches of several rows with a row's written into row `slot`. */
export function inserted(caches: Caches<Tensor>, row: Caches<Tensor>, slot: Tensor<never>): Caches<Tensor> {
  return mapCaches(caches, (x, layer, name) => {
    const batch = x.dims.find((each: Dim) => each.name === 'batch')!
    return dynamicUpdateSlice(x, batch, slot, row[layer][name])
  })
}

export function disposeCaches(caches: Caches): void {
  for (const cache of caches) for (const array of Object.values(cache)) array.dispose()
}

/** Bytes on the device. */
export function bytesOfCaches(caches: Caches): number {
  const arrays: readonly DeviceArray<string>[] = caches.flatMap((cache) => Object.values(cache))
  return arrays.reduce((sum, { dims, dtype }) => sum + sizeOf(dims) * HOST_ARRAYS[dtype].BYTES_PER_ELEMENT, 0)
}

function mapCaches<A, B>(caches: Caches<A>, f: (x: A, layer: number, name: string) => B): Caches<B> {
  return caches.map((cache, layer) =>
    Object.fromEntries(Object.entries(cache).map(([name, x]) => [name, f(x as A, layer, name)])),
  )
}
