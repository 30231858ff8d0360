import type { MimeBundle } from './kernel.js'
import {
  createScale,
  element,
  escapeXml,
  padded,
  path,
  picture,
  QUIET,
  styleOf,
  textAt,
  thin,
  type Scale,
} from '../plot/index.js'
import { compact } from '../text/index.js'
import { DISPLAY, type Displayable } from './show.js'

export interface ChartAxis {
  /** With its unit. */
  readonly label: string
  /** @default 'linear' */
  readonly kind?: 'linear' | 'log'
  /** Smallest and largest value that is shown; by default what the series have. */
  readonly range?: readonly [number, number]
}

export interface ChartSeries {
  readonly name: string
  /** In order. */
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** `marks` are a line with its points marked, `points` the points alone. @default 'line' */
  readonly kind?: 'line' | 'marks' | 'points' | 'bars'
  /** Drawn thin, behind the others: numbers as they came, beside a mean of them. */
  readonly faint?: boolean
}

export interface ChartSpec {
  readonly title: string
  readonly x: ChartAxis
  readonly y: ChartAxis
  readonly series: readonly ChartSeries[]
}

export const PLOTLY_MIME = 'application/vnd.plotly.v1+json'

/** Text for a Plotly figure, which would take `<b>` and `<a href>` in it for its own markup. */
export function plotlyText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Lines, marks or bars over two axes: as the value of a cell, or for `show`, a figure that plotly draws where there is
 * one (hover, zoom), and a picture elsewhere.
 */
export function chart(spec: ChartSpec): Displayable {
  return { [DISPLAY]: () => chartBundle(spec) }
}

export function chartBundle(spec: ChartSpec): MimeBundle {
  return {
    [PLOTLY_MIME]: plotlyFigure(spec),
    'image/svg+xml': chartSvg(spec),
    'text/plain': `${spec.title}: ${spec.series.map(lastOf).join(', ')}`,
  }
}

function lastOf({ name, y }: ChartSeries): string {
  return y.length === 0 ? `${name} (nothing yet)` : `${name} ${rounded(y[y.length - 1])}`
}

/** Five digits: no picture shows more, and notebooks stay small. */
const rounded = (value: number) => Number(value.toPrecision(5))

function plotlyFigure({ title, x, y, series }: ChartSpec): object {
  const axis = ({ label, kind = 'linear', range }: ChartAxis) => ({
    title: { text: plotlyText(label) },
    type: kind,
    gridcolor: 'rgba(128,128,128,0.25)',
    zeroline: false,
    ...(range && { range: kind === 'log' ? range.map(Math.log10) : range }),
  })
  return {
    data: series.map((each, i) => ({
      type: each.kind === 'bars' ? 'bar' : 'scatter',
      ...(each.kind !== 'bars' && { mode: MODES[each.kind ?? 'line'] }),
      name: plotlyText(each.name),
      x: each.x.map(rounded),
      y: each.y.map(rounded),
      ...(each.faint && { opacity: 0.4 }),
      line: { color: colourOf(i), width: each.faint ? 1 : 2 },
      marker: { color: colourOf(i), size: 7 },
    })),
    layout: {
      title: { text: plotlyText(title), x: 0.02, font: { size: 15 } },
      xaxis: axis(x),
      yaxis: axis(y),
      height: HEIGHT,
      margin: { l: 64, r: 24, t: 48, b: 52 },
      plot_bgcolor: 'rgba(0,0,0,0)',
      showlegend: series.length > 1,
      legend: { x: 1, xanchor: 'right', y: 1, bgcolor: 'rgba(0,0,0,0)' },
      hovermode: 'x unified',
    },
  }
}

const MODES = { line: 'lines', marks: 'lines+markers', points: 'markers' }
const colourOf = (index: number) => styleOf(index).colour

const WIDTH = 760
const HEIGHT = 360
const BOX = { left: 64, right: WIDTH - 24, top: 44, bottom: HEIGHT - 52 }
/** Points of a line in a picture; more cannot be distinguished. */
const POINTS = 600

export function chartSvg({ title, x, y, series }: ChartSpec): string {
  const hasBars = series.some(({ kind }) => kind === 'bars')
  const place = {
    x: createScale({
      ...scaleOf(
        x,
        series.flatMap((each) => each.x),
        hasBars ? 0.08 : 0.02,
      ),
      range: [BOX.left, BOX.right],
    }),
    y: createScale({
      ...scaleOf(
        y,
        series.flatMap((each) => each.y),
        0.05,
        hasBars,
      ),
      range: [BOX.bottom, BOX.top],
    }),
  }
  return picture(WIDTH, HEIGHT, title, [
    grid(place, x.label, y.label),
    ...series.map((each, i) => drawn(each, colourOf(i), place)),
    ...(series.length > 1 ? legend(series, place) : []),
  ])
}

/** `fromZero`: bars stand on the axis. */
function scaleOf({ kind = 'linear', range }: ChartAxis, values: readonly number[], room: number, fromZero = false) {
  // A logarithm has no place for what is not above 0.
  const shown = kind === 'log' ? values.filter((value) => value > 0) : values
  const [low, high] = range ?? padded(shown, kind, room)
  return { kind, domain: [fromZero && kind === 'linear' && !range ? 0 : low, high] as const }
}

interface Places {
  readonly x: Scale
  readonly y: Scale
}

function grid(place: Places, xLabel: string, yLabel: string): string {
  const { left, right, top, bottom } = BOX
  const rule = (x1: number, y1: number, x2: number, y2: number, stroke: string) =>
    element('line', { x1, y1, x2, y2, stroke })
  const middle = (top + bottom) / 2
  return [
    ...place.x.ticks.map((tick) => rule(place.x.at(tick), top, place.x.at(tick), bottom, '#e4e4e4')),
    ...place.y.ticks.map((tick) => rule(left, place.y.at(tick), right, place.y.at(tick), '#e4e4e4')),
    rule(left, bottom, right, bottom, '#888'),
    rule(left, top, left, bottom, '#888'),
    ...place.x.ticks.map((tick) =>
      textAt(place.x.at(tick), bottom + 18, compact(tick), { 'text-anchor': 'middle', fill: QUIET }),
    ),
    ...place.y.ticks.map((tick) =>
      textAt(left - 8, place.y.at(tick) + 4, compact(tick), { 'text-anchor': 'end', fill: QUIET }),
    ),
    textAt((left + right) / 2, HEIGHT - 14, xLabel, { 'text-anchor': 'middle' }),
    textAt(16, middle, yLabel, { 'text-anchor': 'middle', transform: `rotate(-90 16 ${middle})` }),
  ].join('')
}

function drawn({ name, x, y, kind = 'line', faint }: ChartSeries, colour: string, place: Places): string {
  const at = (i: number) => [place.x.at(x[i]), place.y.at(y[i])] as const
  if (kind === 'bars') {
    const width = Math.max(1, (0.8 * (BOX.right - BOX.left)) / Math.max(1, x.length))
    const bar = (left: number, top: number) =>
      element('rect', { x: left - width / 2, y: top, width, height: Math.max(0, BOX.bottom - top), fill: colour })
    return x.map((_, i) => bar(...at(i))).join('')
  }
  const isPlaced = (i: number) => at(i).every(Number.isFinite)
  const shown = thin(y, POINTS).filter(isPlaced)
  const style = {
    stroke: colour,
    'stroke-width': faint ? 1 : 2,
    'stroke-linejoin': 'round',
    opacity: faint ? 0.4 : undefined,
  }
  const line = element('path', { d: path(shown.map(at)), fill: 'none', ...style })
  const mark = (i: number) => {
    const [cx, cy] = at(i)
    const says = textOf(`${name}: ${compact(y[i])} at ${compact(x[i])}`)
    return element('circle', { cx, cy, r: 3.5, fill: colour }, says)
  }
  return `${kind === 'points' ? '' : line}${kind === 'line' ? '' : shown.map(mark).join('')}`
}

const textOf = (text: string) => element('title', {}, escapeXml(text))

/** In the upper corner where fewer points lie. */
function legend(series: readonly ChartSeries[], place: Places): string[] {
  const high = BOX.top + 18 * series.length + 12
  const points = series.flatMap(({ x, y }) => x.map((_, i) => [place.x.at(x[i]), place.y.at(y[i])]))
  const within = (from: number, to: number) => points.filter(([x, y]) => y < high && x > from && x < to).length
  const isLeft = within(BOX.left, BOX.left + 200) < within(BOX.right - 200, BOX.right)
  return series.map(({ name, kind, faint }, i) => {
    const y = BOX.top + 12 + 18 * i
    const start = isLeft ? BOX.left + 12 : BOX.right - 32
    const colour = colourOf(i)
    const line = { x1: start, y1: y - 4, x2: start + 24, y2: y - 4, stroke: colour, 'stroke-width': faint ? 1 : 2 }
    return [
      kind === 'points' ? '' : element('line', line),
      kind === 'marks' || kind === 'points'
        ? element('circle', { cx: start + 12, cy: y - 4, r: 3.5, fill: colour })
        : '',
      textAt(isLeft ? start + 32 : start - 8, y, name, { 'text-anchor': isLeft ? 'start' : 'end' }),
    ].join('')
  })
}
