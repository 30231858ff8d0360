/** Positions worked on a tile at a time, so that what is made of a tile stays in a processor's caches. */
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
} from '../../tensor/index.js'

/** `x` padded after the last position, up to `size` of them. */
export function padTo(x: Tensor, positions: Dim, size: number): Tensor {
  return pad(x, positions, 0, size - positions.size)
}

/** The positions from `start` (i32) on that `tile` has, under its name. */
export function tileAt(x: Tensor, positions: Dim, start: Tensor<never>, tile: Dim): Tensor {
  const all = dimOf(x, positions)
  const part = all.size === tile.size ? x : dynamicSlice(x, all, start, tile.size)
  return part.rename(dimOf(part, positions), tile)
}

/** `x` with a tile written where `tileAt` read it. */
export function writeTile(x: Tensor, positions: Dim, start: Tensor<never>, part: Tensor, tile: Dim): Tensor {
  const all = dimOf(x, positions)
  const update = part.rename(tile, dim(all.name, tile.size))
  return all.size === tile.size ? update : dynamicUpdateSlice(x, all, start, update)
}

function dimOf(x: Tensor, { name }: Dim): Dim {
  return x.dims.find((each) => each.name === name)!
}

/** The indices of tiles, to scan over: a step gets one, an i32 scalar. */
export function tileIndices(tiles: Dim): Tensor<never> {
  // A scan over [tiles] hands scalars to its body.
  return range(tiles) as Tensor as unknown as Tensor<never>
}

/** What `body` makes of `carry`, tile after tile; it is given the tile's index. A single tile needs no loop. */
export function forEachTile<C extends Tree<Tensor>>(
  tiles: Dim,
  carry: C,
  body: (carry: C, index: Tensor<never>) => C,
): C {
  if (tiles.size === 1) return body(carry, constant(0, 'i32'))
  const [last] = scan(tiles, carry, tileIndices(tiles), (carry, index) => [body(carry as C, index), []] as const)
  return last as C
}
