/** A run's state on the host, to be saved while training continues. */
import type { SavedPiece, SavedVariable } from '../checkpoint/index.js'
import type { DeviceArray, HostData, Piece } from '../engine/index.js'
import { cut, intersection, wholeBlock } from '../mesh/index.js'
import { unpaddedDims, type ParameterSpec } from '../model/index.js'
import type { Slot } from './optimizers/index.js'
import { slotName, variablesOf } from './parameters.js'

/** A parameter, or a slot of the optimizer for it. */
export interface StateArray {
  readonly key: string
  readonly spec: ParameterSpec
  readonly slot: Slot | null
  readonly array: DeviceArray
}

/**
 * Arrays copied from the devices to the host, by name. Memory is reused from copy to copy: the next one needs no more,
 * whether or not the garbage collector has run, and writes to pages that are there.
 */
export class StateCopy {
  private readonly arrays = new Map<string, HostData>()

  /** Copies an array, which `read` does; it waits for the program that makes it. */
  async take(name: string, read: (into?: HostData) => Promise<HostData>): Promise<void> {
    this.arrays.set(name, await read(this.arrays.get(name)))
  }

  /** The numbers of the last copy, row-major; they stay until the next one. */
  get(name: string): HostData | undefined {
    return this.arrays.get(name)
  }
}

/** The variables of a checkpoint: with `copy` their numbers in that, else those of this moment. */
export function variablesOfState(arrays: readonly StateArray[], copy?: StateCopy): SavedVariable[] {
  return arrays.flatMap(({ key, spec, slot, array }) => {
    // The array is read once, when its first layer is saved.
    let data: Promise<ReturnType<typeof variablesOf>> | null = null
    const numbers = async () => copy?.get(key) ?? array.read()
    const read = () => (data ??= numbers().then((all) => variablesOf(spec, slot, all)))
    return spec.names.map((name, i) => ({
      name: slotName(name, slot),
      shape: (slot ?? spec).shape,
      data: async () => {
        const found = (await read())[i].data
        if (i === spec.names.length - 1) data = null
        return found
      },
    }))
  })
}

/** Name of a piece in a copy. */
export const pieceKey = (key: string, { block }: Piece) => `${key} @ ${block.starts.join()}`

/** What this process saves of each variable. */
export function piecesOfState(arrays: readonly StateArray[], copy: StateCopy): SavedPiece[] {
  return arrays.flatMap(({ key, spec, slot, array }) => {
    const { dims, shape } = slot ?? spec
    const logical = unpaddedDims(dims, spec)
    const isStacked = spec.names.length > 1
    const grid = (isStacked ? logical.slice(1) : logical).map(({ size }) => size)
    return array.pieces().flatMap((piece) => {
      const { block } = piece
      const inside = intersection(block, wholeBlock(logical))
      if (inside === null) return [] // padding alone
      const held = block.sizes.map((size) => ({ name: '', size }))
      const numbers = async () => copy.get(pieceKey(key, piece)) ?? piece.read()
      const layers = isStacked ? Array.from({ length: inside.sizes[0] }, (_, i) => inside.starts[0] + i) : [0]
      return layers.map((layer) => {
        const starts = isStacked ? [layer, ...inside.starts.slice(1)] : inside.starts
        const sizes = isStacked ? [1, ...inside.sizes.slice(1)] : inside.sizes
        const within = { sizes, starts: starts.map((start, i) => start - block.starts[i]) }
        const [ownStarts, ownSizes] = isStacked ? [starts.slice(1), sizes.slice(1)] : [starts, sizes]
        const data = async () => cut((await numbers()) as Float32Array, held, within)
        return { name: slotName(spec.names[layer], slot), shape, grid, starts: ownStarts, sizes: ownSizes, data }
      })
    })
  })
}
