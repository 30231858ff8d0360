import { DeviceArray, jit } from '../engine/index.js'
import type { LoadedModel } from '../generate/index.js'
import { attentionWeights, modelOf, scopeOf, type Parameters } from '../model/index.js'
import { dim, type Tensor } from '../tensor/index.js'
import { PLOTLY_MIME } from './chart.js'
import { element, picture, QUIET, textAt } from '../plot/index.js'
import { DISPLAY, type Displayable } from './show.js'

/** How much each token attends to each, by layer and head. */
export interface AttentionMaps {
  readonly length: number
  readonly layers: readonly { readonly kind: string; readonly heads: number }[]
  /** Row-major [query, key]; null for a layer whose kind of attention has no weights (linear, none). */
  of(layer: number, head: number): Float32Array | null
}

/** Runs a model over a text and looks at its attention. Throws RangeError for a text longer than the context. */
export async function attentionMaps(loaded: LoadedModel, ids: ArrayLike<number>): Promise<AttentionMaps> {
  const { engine, config, specs, parameters } = loaded
  const { length } = ids
  if (length === 0 || length > config.n_ctx)
    throw new RangeError(`attention is shown over 1 to ${config.n_ctx} tokens; the text has ${length}`)
  const model = modelOf(config, { batch: 1, sequence: length })
  const look = jit(
    engine,
    (values: Parameters, given: Tensor) =>
      attentionWeights(scopeOf(model, specs, values, 'unroll'), given as never, model).filter((x) => x !== null),
    { name: 'attention_weights' },
  ) as unknown as (p: Parameters<DeviceArray>, ids: DeviceArray) => Promise<DeviceArray[]>
  const dims = [model.batch, dim('sequence', length)]
  const given = DeviceArray.from(engine, Int32Array.from(ids), dims, 'i32')
  const arrays = await look(parameters, given)
  const weights = await Promise.all(arrays.map((array) => array.readFloats()))
  for (const array of [given, ...arrays]) array.dispose()

  let next = 0
  const byLayer = model.kinds.map((kind) => (kind === 'global' || kind === 'local' ? weights[next++] : null))
  const size = length * length
  return {
    length,
    layers: model.kinds.map((kind) => ({ kind, heads: config.n_head })),
    of: (layer, head) => byLayer[layer]?.subarray(head * size, (head + 1) * size) ?? null,
  }
}

export interface AttentionMapOptions {
  readonly title: string
  /** Row-major [query, key]. */
  readonly weights: ArrayLike<number>
  /** The tokens, as text. */
  readonly labels: readonly string[]
}

/** One head's attention: a row for each token that looks, a column for each that is looked at; dark is much. */
export function attentionMap(options: AttentionMapOptions): Displayable {
  return {
    [DISPLAY]: () => ({
      [PLOTLY_MIME]: plotlyFigure(options),
      'image/svg+xml': svgOf(options),
      'text/plain': `${options.title}: ${options.labels.length} x ${options.labels.length} weights`,
    }),
  }
}

const visible = (text: string) => text.replaceAll('\n', '⏎').replaceAll(' ', '␣')

function plotlyFigure({ title, weights, labels }: AttentionMapOptions): object {
  const count = labels.length
  const names = labels.map((label, i) => `${i} ${visible(label)}`)
  const z = labels.map((_, row) =>
    labels.map((__, column) => (column > row ? null : Number(weights[row * count + column].toFixed(3)))),
  )
  const size = Math.min(700, 160 + 18 * count)
  return {
    data: [{ type: 'heatmap', x: names, y: names, z, colorscale: 'Blues', reversescale: true, zmin: 0 }],
    layout: {
      title: { text: title, x: 0.02, font: { size: 15 } },
      xaxis: { title: { text: 'looked at' }, tickfont: { size: 10 }, type: 'category' },
      yaxis: { title: { text: 'looks' }, tickfont: { size: 10 }, autorange: 'reversed', type: 'category' },
      width: size + 60,
      height: size,
      margin: { l: 110, r: 24, t: 48, b: 110 },
    },
  }
}

const LEVELS = 16

function svgOf({ title, weights, labels }: AttentionMapOptions): string {
  const count = labels.length
  const cell = Math.max(3, Math.min(20, Math.floor(520 / count)))
  const margin = Math.min(110, 24 + 7 * Math.max(...labels.map(({ length }) => length)))
  const [left, top] = [margin, 44]
  const most = Math.max(1e-9, ...Array.from(weights))
  // A path for each shade of blue: a picture of thousands of cells stays small.
  const paths = Array.from({ length: LEVELS }, () => '')
  for (let row = 0; row < count; row++) {
    for (let column = 0; column <= row; column++) {
      const level = Math.min(LEVELS - 1, Math.floor((weights[row * count + column] / most) * LEVELS))
      paths[level] += `M${left + column * cell} ${top + row * cell}h${cell}v${cell}h-${cell}z`
    }
  }
  const shade = (level: number) => element('path', { d: paths[level], fill: '#08519c', opacity: 0.04 + level / LEVELS })
  const every = Math.ceil(12 / cell)
  const named = labels.map((label, i) => ({ label: visible(label), i })).filter(({ i }) => i % every === 0)
  const size = count * cell
  const middle = (i: number) => (i + 0.5) * cell
  return picture(left + size + 24, top + size + margin, title, [
    element('rect', { x: left, y: top, width: size, height: size, fill: 'none', stroke: '#ccc' }),
    ...paths.flatMap((d, level) => (d === '' ? [] : [shade(level)])),
    ...named.map(({ label, i }) =>
      textAt(left - 6, top + middle(i) + 4, label, { 'text-anchor': 'end', 'font-size': 11, fill: QUIET }),
    ),
    ...named.map(({ label, i }) => {
      const [x, y] = [left + middle(i) + 4, top + size + 8]
      return textAt(x, y, label, {
        'text-anchor': 'end',
        'font-size': 11,
        fill: QUIET,
        transform: `rotate(-60 ${x} ${y})`,
      })
    }),
  ])
}
