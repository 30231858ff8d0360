/** A named dimension. Two dims are the same when name and size agree; the name is part of a tensor's type. */
export interface Dim<N extends string = string> {
  readonly name: N
  readonly size: number
}

/** Makes a dim. `size` counts elements, 1 or more. Throws RangeError for another size and for an empty name. */
export function dim<const N extends string>(name: N, size: number): Dim<N> {
  if (name === '') throw new RangeError('dim: the name is empty; give one, such as "batch"')
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`dim: "${name}" has size ${size}; it must be an integer from 1 on`)
  return Object.freeze({ name, size })
}

/** Whether two dims have the same name and size. */
export function sameDim(a: Dim, b: Dim): boolean {
  return a.name === b.name && a.size === b.size
}

/** Whether two lists have the same dims in the same order. */
export function sameDims(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((x, i) => sameDim(x, b[i]))
}

/** Number of elements of a tensor with these dims; 1 for a scalar. */
export function sizeOf(dims: readonly Dim[]): number {
  return productOf(dims.map(({ size }) => size))
}

/** Number of elements of an array of these sizes; 1 for none. */
export function productOf(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1)
}

/** `[batch 16, sequence 256]`, the way dims are shown in programs and errors. */
export function showDims(dims: readonly Dim[]): string {
  return `[${dims.map(({ name, size }) => `${name} ${size}`).join(', ')}]`
}
