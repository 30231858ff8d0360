import { drawAxes, type Scales } from './axes.js'
import { createScale, padded, type Scale } from './scale.js'
import { mark, type Style } from './style.js'
import { element, escapeXml, path, picture, textAt, widthOf } from './svg.js'

export interface Point {
  readonly x: number
  readonly y: number
  /** Ends of the band around it. */
  readonly low?: number
  readonly high?: number
}

export interface Series {
  readonly name: string
  readonly style: Style
  /** In order of x. */
  readonly points: readonly Point[]
  /** Draws the points alone, or the line alone; a line without marks has no place in the legend. @default both */
  readonly only?: 'marks' | 'line'
}

export interface Axis {
  /** With its unit. */
  readonly label: string
  readonly kind: 'linear' | 'log'
  /** Values of the ticks; round numbers by default. */
  readonly ticks?: readonly number[]
  readonly format: (value: number) => string
}

export interface LineChart {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const WIDTH = 760
const HEIGHT = 430
const TOP = 44
const BOTTOM = 56
const SAMPLE = 26

/** Lines with marks and bands; the legend stands at the height of the lines' ends. Returns SVG. */
export function lineChart({ title, x, y, series }: LineChart): string {
  const points = series.flatMap((each) => each.points)
  const heights = points.flatMap((each) => [each.y, each.low ?? each.y, each.high ?? each.y])
  const named = series.filter(({ only }) => only !== 'line')
  const right = SAMPLE + 24 + Math.max(...named.map(({ name }) => widthOf(name)))
  const yDomain = padded(heights, y.kind)
  const ticks = createScale({ ...y, domain: yDomain, range: [0, 1] }).ticks
  const left = 44 + Math.max(...ticks.map((tick) => widthOf(y.format(tick))))
  const scales = {
    x: createScale({
      ...x,
      domain: padded(
        points.map((each) => each.x),
        x.kind,
        0.02,
      ),
      range: [left, WIDTH - right],
    }),
    y: createScale({ ...y, domain: yDomain, range: [HEIGHT - BOTTOM, TOP] }),
  }
  return picture(WIDTH, HEIGHT, title, [
    drawAxes(scales, { x, y }, { left, right: WIDTH - right, top: TOP, bottom: HEIGHT - BOTTOM }, HEIGHT),
    ...series.map((each) => band(each, scales)),
    ...series.map((each) => line(each, { x, y }, scales)),
    legend(series, scales.y, WIDTH - right + 12),
  ])
}

function band({ points, style }: Series, { x, y }: Scales): string {
  const known = points.filter(({ low, high }) => low !== undefined && high !== undefined)
  if (known.length < 2) return ''
  const above = known.map((point) => [x.at(point.x), y.at(point.high!)] as const)
  const below = known.map((point) => [x.at(point.x), y.at(point.low!)] as const)
  return element('path', { d: path([...above, ...below.reverse()], true), fill: style.colour, opacity: 0.18 })
}

function line({ name, points, style, only }: Series, axes: { x: Axis; y: Axis }, { x, y }: Scales): string {
  const drawn = element('path', {
    d: path(points.map((point) => [x.at(point.x), y.at(point.y)])),
    fill: 'none',
    stroke: style.colour,
    'stroke-width': 1.8,
    'stroke-dasharray': style.dash,
  })
  const marks = points.map((point) => {
    const tooltip = `${name}: ${axes.y.format(point.y)} at ${axes.x.format(point.x)}`
    return mark(style, x.at(point.x), y.at(point.y), escapeXml(tooltip))
  })
  return (only === 'marks' ? '' : drawn) + (only === 'line' ? '' : marks.join(''))
}

const ROW = 17

/** Names at the heights where their lines end, moved apart where those are close. */
function legend(series: readonly Series[], y: Scale, left: number): string {
  const rows = series
    .filter(({ points, only }) => points.length > 0 && only !== 'line')
    .map((each) => ({ ...each, at: y.at(each.points.at(-1)!.y) }))
    .sort((a, b) => a.at - b.at)
  // Down from the top, then up from the bottom: each at least a row from the next.
  for (let i = 1; i < rows.length; i++) rows[i].at = Math.max(rows[i].at, rows[i - 1].at + ROW)
  let limit = HEIGHT - BOTTOM
  for (const row of rows.toReversed()) {
    row.at = Math.min(row.at, limit)
    limit = row.at - ROW
  }
  return rows
    .map(({ name, style, at }) =>
      [
        element('line', {
          x1: left,
          y1: at,
          x2: left + SAMPLE,
          y2: at,
          stroke: style.colour,
          'stroke-width': 1.8,
          'stroke-dasharray': style.dash,
        }),
        mark(style, left + SAMPLE / 2, at),
        textAt(left + SAMPLE + 6, at + 4, name),
      ].join(''),
    )
    .join('')
}
