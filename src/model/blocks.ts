/** Positions worked on a block at a time, so that what is made of a block stays in a processor's caches. */
import {
  constant,
  dim,
  dynamicSlice,
  dynamicUpdateSlice,
  pad,
  range,
  scan,
  type Dim,
  type Tensor,
  type Tree,
} from '../tensor/index.js'

/** `x` with fillers after the last position, up to `size` of them. */
export function filledUp(x: Tensor, positions: Dim, size: number): Tensor {
  return pad(x, positions, 0, size - positions.size) as Tensor
}

/** The positions from `start` (i32) on that `block` has, under its name. */
export function cut(x: Tensor, positions: Dim, start: Tensor<never>, block: Dim): Tensor {
  const all = own(x, positions)
  const part = all.size === block.size ? x : (dynamicSlice(x, all, start, block.size) as Tensor)
  return part.rename(own(part, positions), block) as Tensor
}

/** `x` with a block in the place that `cut` took it from. */
export function put(x: Tensor, positions: Dim, start: Tensor<never>, part: Tensor, block: Dim): Tensor {
  const all = own(x, positions)
  const update = part.rename(block, dim(all.name, block.size)) as Tensor
  return all.size === block.size ? update : (dynamicUpdateSlice(x, all, start, update) as Tensor)
}

function own(x: Tensor, { name }: Dim): Dim {
  return x.dims.find((each) => each.name === name)!
}

/** The numbers of the blocks, to scan over: a step gets its own, an i32 scalar. */
export function numbersOf(blocks: Dim): Tensor<never> {
  return range(blocks) as Tensor as unknown as Tensor<never>
}

/** What `body` makes of `carry`, block after block; it is given the block's number. A single block needs no loop. */
export function overBlocks<C extends Tree<Tensor>>(blocks: Dim, carry: C, body: (carry: C, at: Tensor<never>) => C): C {
  if (blocks.size === 1) return body(carry, constant(0, 'i32'))
  const [last] = scan(blocks, carry, numbersOf(blocks), (carry, at) => [body(carry as C, at), []] as const)
  return last as C
}
