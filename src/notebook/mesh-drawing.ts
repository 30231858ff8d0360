import { axesOf, blockOf, coordinates, type Axes, type Mesh, type Placement } from '../mesh/index.js'
import type { Dim, Role } from '../tensor/index.js'
import { COLOURS, element, picture, QUIET, textAt } from '../plot/index.js'
import { DISPLAY, type Displayable } from './show.js'

export interface DrawnTensor {
  readonly name: string
  readonly dims: readonly Dim[]
  /** Its role in layouts. @default 'computation' */
  readonly role?: Role
}

const BOX = { width: 380, height: 150 }
const GAP = 36
const DEVICE = 56

/**
 * A mesh of devices, and for each tensor which device holds which shard of it. A tensor is drawn as a rectangle whose
 * sides are its split dims; a shard that is replicated names all its devices.
 */
export function meshDrawing(placement: Placement, tensors: readonly DrawnTensor[]): Displayable {
  const { mesh } = placement
  const drawn = tensors.map((tensor) => ({
    ...tensor,
    axes: axesOf(placement, tensor.dims, tensor.role ?? 'computation'),
  }))
  const lines = drawn.map(({ name, dims, axes }) => `${name} [${dims.map((dim, i) => named(dim, axes[i])).join(', ')}]`)
  return {
    [DISPLAY]: () => ({
      'image/svg+xml': svgOf(mesh, drawn),
      'text/plain': [`${mesh.size} devices`, ...lines].join('\n'),
    }),
  }
}

const named = ({ name, size }: Dim, axis: string | null) => `${name} ${size}${axis === null ? '' : ` over ${axis}`}`

type PlacedTensor = DrawnTensor & { readonly axes: Axes }

function svgOf(mesh: Mesh, tensors: readonly PlacedTensor[]): string {
  const columns = mesh.axes.at(-1)?.size ?? 1
  const rows = mesh.size / columns
  const perRow = 2
  const meshHeight = 64 + rows * DEVICE
  const cellHeight = BOX.height + 96
  const height = meshHeight + Math.ceil(tensors.length / perRow) * cellHeight + 16
  const width = Math.max(perRow * (BOX.width + GAP * 2) + 16, columns * DEVICE + 160)
  const title = `Mesh ${mesh.axes.map(({ name, size }) => `${name}:${size}`).join(',')}: ${mesh.size} devices`
  return picture(width, height, title, [
    devices(mesh, rows, columns),
    ...tensors.map((tensor, i) => {
      const x = GAP + (i % perRow) * (BOX.width + GAP * 2)
      const y = meshHeight + Math.floor(i / perRow) * cellHeight
      return element('g', { transform: `translate(${x} ${y})` }, parts(tensor, mesh))
    }),
  ])
}

function devices(mesh: Mesh, rows: number, columns: number): string {
  const down = mesh.axes
    .slice(0, -1)
    .map(({ name }) => name)
    .join(', ')
  const across = mesh.axes.at(-1)?.name ?? ''
  const boxes = Array.from({ length: mesh.size }, (_, device) => {
    const [x, y] = [GAP + 24 + (device % columns) * DEVICE, 56 + Math.floor(device / columns) * DEVICE]
    const coordinate = coordinates(mesh, device).join(',')
    return [
      element('rect', { x, y, width: DEVICE - 8, height: DEVICE - 8, rx: 6, fill: colourOf([device]), opacity: 0.75 }),
      textAt(x + DEVICE / 2 - 4, y + 22, String(device), { 'text-anchor': 'middle', 'font-weight': 600 }),
      textAt(x + DEVICE / 2 - 4, y + 38, coordinate, { 'text-anchor': 'middle', 'font-size': 10, fill: QUIET }),
    ].join('')
  })
  return [
    ...boxes,
    textAt(GAP + 24, 48, across === '' ? '' : `${across} →`, { fill: QUIET }),
    rows > 1 ? textAt(GAP, 72, `${down} ↓`, { fill: QUIET, 'text-anchor': 'middle' }) : '',
  ].join('')
}

/** One tensor: its last split dim runs across, the others run down together. */
function parts({ name, dims, axes }: PlacedTensor, mesh: Mesh): string {
  const split = dims.map((_, i) => i).filter((i) => axes[i] !== null)
  const across = split.at(-1) ?? dims.length - 1
  const down =
    split.length > 1
      ? split.slice(0, -1)
      : dims
          .map((_, i) => i)
          .filter((i) => i !== across)
          .slice(-1)
  const holders = new Map<string, number[]>()
  for (let device = 0; device < mesh.size; device++) {
    const { starts, sizes } = blockOf(dims, axes, mesh, device)
    const key = starts.map((start, i) => start / sizes[i]).join()
    holders.set(key, [...(holders.get(key) ?? []), device])
  }
  const counts = dims.map(({ size }, i) => size / blockOf(dims, axes, mesh, 0).sizes[i])
  const columns = counts[across] ?? 1
  const rows = down.reduce((product, i) => product * counts[i], 1)
  const [width, height] = [BOX.width / columns, BOX.height / rows]
  const blocks = [...holders].map(([key, owners]) => {
    const at = key === '' ? [] : key.split(',').map(Number)
    const row = down.reduce((index, i) => index * counts[i] + at[i], 0)
    const [x, y] = [(at[across] ?? 0) * width, 34 + row * height]
    const box = { x, y, width, height, fill: colourOf(owners), opacity: 0.75, stroke: '#fff', 'stroke-width': 2 }
    const middle = { 'text-anchor': 'middle', 'font-size': height < 22 ? 10 : 12 }
    return element('rect', box) + textAt(x + width / 2, y + height / 2 + 4, list(owners), middle)
  })
  const caption = `[${dims.map((dim, i) => named(dim, axes[i])).join(', ')}]`
  const label = (i: number, arrow: string) => (dims[i] ? `${dims[i].name} ${arrow}` : '')
  return [
    textAt(0, 10, name, { 'font-weight': 600 }),
    textAt(0, 26, caption, { 'font-size': 11, fill: QUIET }),
    ...blocks,
    textAt(BOX.width, 34 + BOX.height + 16, label(across, '→'), { 'text-anchor': 'end', 'font-size': 11, fill: QUIET }),
    textAt(0, 34 + BOX.height + 16, down.map((i) => label(i, '↓')).join(' '), { 'font-size': 11, fill: QUIET }),
  ].join('')
}

/** `3`, `0,4`, `0-3`. */
function list(devices: readonly number[]): string {
  const runs = devices.every((device, i) => i === 0 || device === devices[i - 1] + 1)
  return devices.length > 2 && runs ? `${devices[0]}-${devices.at(-1)}` : devices.join(',')
}

/** By the first of the devices. */
const colourOf = (devices: readonly number[]) => PALETTE[devices[0] % PALETTE.length]
const PALETTE = [...COLOURS.slice(0, 6), '#f0e442', '#b0b0b0']
