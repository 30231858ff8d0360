import { productOf } from '../tensor/index.js'
import { CHIPS, type Chip, type Generation } from './chips.js'

/** A TPU slice: chips in a mesh or torus, by Google Cloud's name. */
export interface Topology {
  /** For example `v3-8`, `v5litepod-16`. */
  readonly name: string
  readonly chip: Chip
  /** Chips in each direction. */
  readonly shape: readonly number[]
  readonly chips: number
  /** Number of devices of the mesh. */
  readonly devices: number
  readonly hosts: number
  /** libtpu's name for it. */
  readonly libtpu: { readonly name: string; readonly options: Readonly<Record<string, string | readonly number[]>> }
}

/** Unknown topology; the message lists the known ones. */
export class TopologyError extends Error {
  override name = 'TopologyError'
}

/** Shapes that Google documents, smallest first. */
const SHAPES: Readonly<Record<Generation, readonly string[]>> = {
  v2: ['2x2', '4x4', '8x8', '8x16', '16x16'],
  v3: ['2x2', '4x4', '8x8', '8x16', '16x16', '16x32', '32x32'],
  v4: solids('16x16x16'),
  v5e: ['1x1', '2x2', '2x4', '4x4', '4x8', '8x8', '8x16', '16x16'],
  v5p: solids('16x16x24'),
  v6e: ['1x1', '2x2', '2x4', '4x4', '4x8', '8x8', '8x16', '16x16'],
  tpu7x: solids('16x24x24'),
}

/** Shapes of generations with links in three dims, up to the largest. */
function solids(largest: string): readonly string[] {
  const all = [
    '2x2x1', '2x2x2', '2x2x4', '2x4x4', '4x4x4', '4x4x8', '4x4x12', '4x8x8', '8x8x8', '8x8x12', '8x8x16', '8x16x16',
    '16x16x16', '16x16x24', '16x24x24',
  ] // prettier-ignore
  return all.slice(0, all.indexOf(largest) + 1)
}

/** Prefixes of a generation's slice names; the first is the usual one. */
const SPELLINGS: Readonly<Record<Generation, readonly string[]>> = {
  v2: ['v2'],
  v3: ['v3'],
  v4: ['v4'],
  v5e: ['v5litepod', 'v5e'],
  v5p: ['v5p'],
  v6e: ['v6e'],
  tpu7x: ['tpu7x'],
}
const LIBTPU_NAMES: Readonly<Partial<Record<Generation, string>>> = { v5p: 'v5' }
const GENERATIONS = Object.keys(CHIPS) as Generation[]

/** The topology of this name, such as `v3-256` (cores, up to v5p and on tpu7x) or `v5litepod-16` (chips). Throws TopologyError. */
export function topologyOf(name: string): Topology {
  const [, spelling, number] = /^(\w+)-(\d+)$/.exec(name.trim().toLowerCase()) ?? []
  const generation = GENERATIONS.find((each) => SPELLINGS[each].includes(spelling))
  if (!generation) {
    const all = GENERATIONS.flatMap((each) => SPELLINGS[each].map((spelled) => `${spelled}-N`))
    throw new TopologyError(`topology must be one of ${all.join(', ')} (got "${name}"). Write it like v3-8`)
  }
  const known = topologiesOf(generation)
  const found = known.find(({ shape }) => productOf(shape) * CHIPS[generation].cores === Number(number))
  if (found) return { ...found, name: `${spelling}-${number}` }
  const sizes = known.map((each) => each.name).join(', ')
  throw new TopologyError(`topology must be one of ${sizes} (got "${name}")`)
}

/** All topologies of a generation, the smallest first. */
export function topologiesOf(generation: Generation): Topology[] {
  const chip: Chip = CHIPS[generation]
  return SHAPES[generation].map((text) => {
    const shape = text.split('x').map(Number)
    const chips = productOf(shape)
    const host = hostBounds(generation, chips)
    return {
      name: `${SPELLINGS[generation][0]}-${chips * chip.cores}`,
      chip,
      shape,
      chips,
      devices: chips * chip.devices,
      hosts: chips / productOf(host),
      libtpu: {
        name: `${LIBTPU_NAMES[generation] ?? generation}:${text}`,
        options: {
          chips_per_host_bounds: host,
          // One device per chip; by default libtpu makes two of a v4 chip.
          ...(generation === 'v4' && { chip_config_name: 'megacore' }),
        },
      },
    }
  })
}

/** Chips per host in each direction: four, or up to eight on single-host slices of v5e and v6e. */
function hostBounds(generation: Generation, chips: number): number[] {
  if (generation !== 'v5e' && generation !== 'v6e') return [2, 2, 1]
  return chips === 1 ? [1, 1, 1] : chips === 8 ? [2, 4, 1] : [2, 2, 1]
}
