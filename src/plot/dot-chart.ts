import { createScale, padded } from './scale.js'
import { mark, type Style } from './style.js'
import { element, escapeXml, picture, QUIET, textAt, widthOf } from './svg.js'

export interface DotRow {
  readonly name: string
  readonly style: Style
  /** One per seed. */
  readonly values: readonly { readonly value: number; readonly tooltip: string }[]
  readonly mean: number
  readonly deviation: number | null
}

export interface DotChart {
  readonly title: string
  /** With its unit. */
  readonly label: string
  readonly format: (value: number) => string
  readonly rows: readonly DotRow[]
}

const WIDTH = 760
const ROW = 34
const TOP = 44
const BOTTOM = 56
const RIGHT = 24

/** One row per name: its values as small marks, their mean and deviation as a large one. Returns SVG. */
export function dotChart({ title, label, format, rows }: DotChart): string {
  const height = TOP + rows.length * ROW + BOTTOM
  const bottom = height - BOTTOM
  const left = 28 + Math.max(...rows.map(({ name }) => widthOf(name)))
  const ends = rows.flatMap(({ values, mean, deviation }) => [
    ...values.map(({ value }) => value),
    mean - (deviation ?? 0),
    mean + (deviation ?? 0),
  ])
  const domain = padded(ends, 'linear')
  const x = createScale({ kind: 'linear', domain, range: [left, WIDTH - RIGHT] })
  return picture(WIDTH, height, title, [
    ...x.ticks.map((tick) =>
      [
        element('line', { x1: x.at(tick), y1: TOP, x2: x.at(tick), y2: bottom, stroke: '#e4e4e4' }),
        textAt(x.at(tick), bottom + 18, format(tick), { 'text-anchor': 'middle', fill: QUIET }),
      ].join(''),
    ),
    element('line', { x1: left, y1: bottom, x2: WIDTH - RIGHT, y2: bottom, stroke: '#888' }),
    textAt((left + WIDTH - RIGHT) / 2, height - 14, label, { 'text-anchor': 'middle' }),
    ...rows.map((row, i) => drawn(row, x.at, TOP + (i + 0.5) * ROW, left, format)),
  ])
}

function drawn(
  { name, style, values, mean, deviation }: DotRow,
  at: (value: number) => number,
  y: number,
  left: number,
  format: (value: number) => string,
): string {
  const stroke = { stroke: style.colour, 'stroke-width': 1.8 }
  const spread = deviation === null ? '' : ` ± ${format(deviation)}`
  const [low, high] = [at(mean - (deviation ?? 0)), at(mean + (deviation ?? 0))]
  return [
    textAt(left - 12, y + 4, name, { 'text-anchor': 'end' }),
    element('line', { x1: left, y1: y, x2: WIDTH - RIGHT, y2: y, stroke: '#f0f0f0' }),
    deviation === null
      ? ''
      : [
          element('line', { x1: low, y1: y, x2: high, y2: y, ...stroke }),
          ...[low, high].map((x) => element('line', { x1: x, y1: y - 5, x2: x, y2: y + 5, ...stroke })),
        ].join(''),
    mark(style, at(mean), y, escapeXml(`${name}: ${format(mean)}${spread}`), 5.5),
    ...values.map(({ value, tooltip }) =>
      element(
        'circle',
        { cx: at(value), cy: y + 10, r: 2.6, fill: style.colour, opacity: 0.55 },
        element('title', {}, escapeXml(tooltip)),
      ),
    ),
  ].join('')
}
