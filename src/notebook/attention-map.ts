import { jit } from '../engine/index.js'
import type { LoadedModel } from '../generate/index.js'
import type { Parameters } from '../model/index.js'
import type { Tensor } from '../tensor/index.js'
import { PLOTLY_MIME, plotlyText } from './chart.js'
import { element, picture, QUIET, textAt } from '../plot/index.js'
import { DISPLAY, type Displayable } from './show.js'
import { uploadIds } from './text-ids.js'

/** Attention weights of a text, by layer and head. */
export interface AttentionMaps {
  readonly length: number
  readonly layers: readonly {
    readonly kind: string
    readonly heads: number
    /** Learned keys that every token can attend to (num_mem_kv of a global layer): the first columns of a map. */
    readonly slots: number
  }[]
  /** Row-major [query, slots and keys]; null for a layer whose kind of attention has no weights (linear, none). */
  of(layer: number, head: number): Float32Array | null
}

/** Runs a model on a text and returns its attention weights. Throws RangeError for a text longer than the context. */
export async function attentionMaps(loaded: LoadedModel, ids: ArrayLike<number>): Promise<AttentionMaps> {
  const { engine, config, model, parameters } = loaded
  const { length, kinds, given } = uploadIds(loaded, ids)
  const weightsOf = jit(
    engine,
    (values: Parameters, given: Tensor<'batch' | 'sequence'>) => {
      const weights = model.attentionWeights(values, given)
      return Object.fromEntries(weights.flatMap((each, layer) => (each ? [[`${layer}`, each as Tensor]] : [])))
    },
    { name: 'attention_weights' },
  )
  const arrays = await weightsOf(parameters, given)
  const byLayer = await Promise.all(kinds.map((_, layer) => arrays[layer]?.readFloats()))
  for (const array of [given, ...Object.values(arrays)]) array.dispose()
  weightsOf.dispose()

  const layers = kinds.map((kind, layer) => {
    const columns = (byLayer[layer]?.length ?? 0) / (config.n_head * length)
    return { kind, heads: config.n_head, slots: columns === 0 ? 0 : columns - length }
  })
  return {
    length,
    layers,
    of(layer, head) {
      const size = length * (length + layers[layer].slots)
      return byLayer[layer]?.subarray(head * size, (head + 1) * size) ?? null
    },
  }
}

export interface AttentionMapOptions {
  readonly title: string
  /** Row-major [query, slots and keys]; 0 where a query cannot attend to a key. */
  readonly weights: ArrayLike<number>
  /** The tokens, as text. */
  readonly labels: readonly string[]
}

/** One head's attention weights: one row per query, one column per key; darker is larger. */
export function attentionMap(options: AttentionMapOptions): Displayable {
  return {
    [DISPLAY]: () => ({
      [PLOTLY_MIME]: plotlyFigure(options),
      'image/svg+xml': svgOf(options),
      'text/plain': `${options.title}: ${options.labels.length} x ${columnsOf(options).length} weights`,
    }),
  }
}

/** Names of a map's columns: its learned slots, if any, and the tokens. */
function columnsOf({ weights, labels }: AttentionMapOptions): string[] {
  const slots = Math.max(0, Math.round(weights.length / labels.length) - labels.length)
  return [...Array.from({ length: slots }, (_, i) => `slot ${i}`), ...labels]
}

const visible = (text: string) => text.replaceAll('\n', '⏎').replaceAll(' ', '␣')

function plotlyFigure(options: AttentionMapOptions): object {
  const { title, weights, labels } = options
  const count = labels.length
  const columns = columnsOf(options)
  const slots = columns.length - count
  const rows = labels.map((label, i) => plotlyText(`${i} ${visible(label)}`))
  const names = columns.map((label, i) => (i < slots ? label : rows[i - slots]))
  const z = rows.map((_, row) =>
    names.map((__, column) => {
      const weight = weights[row * names.length + column]
      return weight === 0 && column > row + slots ? null : Number(weight.toFixed(3))
    }),
  )
  const size = Math.min(700, 160 + 18 * count)
  return {
    data: [{ type: 'heatmap', x: names, y: rows, z, colorscale: 'Blues', reversescale: true, zmin: 0 }],
    layout: {
      title: { text: plotlyText(title), x: 0.02, font: { size: 15 } },
      xaxis: { title: { text: 'key' }, tickfont: { size: 10 }, type: 'category' },
      yaxis: { title: { text: 'query' }, tickfont: { size: 10 }, autorange: 'reversed', type: 'category' },
      width: size + 60,
      height: size,
      margin: { l: 110, r: 24, t: 48, b: 110 },
    },
  }
}

const LEVELS = 16

function svgOf(options: AttentionMapOptions): string {
  const { title, weights, labels } = options
  const columns = columnsOf(options)
  const [count, width] = [labels.length, columns.length]
  const slots = width - count
  const cell = Math.max(3, Math.min(20, Math.floor(520 / width)))
  const margin = Math.min(110, 24 + 7 * columns.reduce((most, { length }) => Math.max(most, length), 0))
  const [left, top] = [margin, 44]
  let most = 1e-9
  for (let i = 0; i < weights.length; i++) most = Math.max(most, weights[i])
  // One path per shade of blue, so that a picture of thousands of cells stays small.
  const paths = Array.from({ length: LEVELS }, () => '')
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) {
      const weight = weights[row * width + column]
      if (weight === 0 && column > row + slots) continue
      const level = Math.min(LEVELS - 1, Math.floor((weight / most) * LEVELS))
      paths[level] += `M${left + column * cell} ${top + row * cell}h${cell}v${cell}h-${cell}z`
    }
  }
  const shade = (level: number) => element('path', { d: paths[level], fill: '#08519c', opacity: 0.04 + level / LEVELS })
  const every = Math.ceil(12 / cell)
  const named = (of: readonly string[]) =>
    of.map((label, i) => ({ label: visible(label), i })).filter(({ i }) => i % every === 0)
  const middle = (i: number) => (i + 0.5) * cell
  const bottom = top + count * cell
  return picture(left + width * cell + 24, bottom + margin, title, [
    element('rect', { x: left, y: top, width: width * cell, height: count * cell, fill: 'none', stroke: '#ccc' }),
    ...paths.flatMap((d, level) => (d === '' ? [] : [shade(level)])),
    ...named(labels).map(({ label, i }) =>
      textAt(left - 6, top + middle(i) + 4, label, { 'text-anchor': 'end', 'font-size': 11, fill: QUIET }),
    ),
    ...named(columns).map(({ label, i }) => {
      const [x, y] = [left + middle(i) + 4, bottom + 8]
      return textAt(x, y, label, {
        'text-anchor': 'end',
        'font-size': 11,
        fill: QUIET,
        transform: `rotate(-60 ${x} ${y})`,
      })
    }),
  ])
}
