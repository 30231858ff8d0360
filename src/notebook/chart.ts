import type { MimeBundle } from './kernel.js'
import {
  createScale,
  drawAxes,
  element,
  escapeXml,
  padded,
  path,
  picture,
  styleOf,
  textAt,
  thin,
  type Scales,
} from '../plot/index.js'
import { compact } from '../text/index.js'
import { DISPLAY, type Displayable } from './show.js'

export interface ChartAxis {
  /** With its unit. */
  readonly label: string
  /** @default 'linear' */
  readonly kind?: 'linear' | 'log'
  /** Smallest and largest value shown; by default those of the series. */
  readonly range?: readonly [number, number]
}

export interface ChartSeries {
  readonly name: string
  /** In order. */
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** `marks` are a line with its points marked, `points` the points alone. @default 'line' */
  readonly kind?: 'line' | 'marks' | 'points' | 'bars'
  /** Drawn thin, such as raw values beside their mean. */
  readonly faint?: boolean
}

export interface ChartSpec {
  readonly title: string
  readonly x: ChartAxis
  readonly y: ChartAxis
  readonly series: readonly ChartSeries[]
}

export const PLOTLY_MIME = 'application/vnd.plotly.v1+json'

/** Text for a Plotly figure, escaped because Plotly interprets `<b>` and `<a href>` as markup. */
export function plotlyText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Lines, marks or bars over two axes, as the value of a cell or for `show`: an interactive Plotly figure where Plotly is
 * available (hover, zoom), and an SVG picture elsewhere.
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
  return y.length === 0 ? `${name} (no values)` : `${name} ${rounded(y[y.length - 1])}`
}

/** Rounded to five digits: a picture shows no more, and notebooks stay small. */
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
  const scales = {
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
    drawAxes(scales, { x: { ...x, format: compact }, y: { ...y, format: compact } }, BOX, HEIGHT),
    ...series.map((each, i) => drawn(each, colourOf(i), scales)),
    ...(series.length > 1 ? legend(series, scales) : []),
  ])
}

/** `fromZero`: bars stand on the axis. */
function scaleOf({ kind = 'linear', range }: ChartAxis, values: readonly number[], room: number, fromZero = false) {
  // The logarithm is defined above 0 only.
  const shown = kind === 'log' ? values.filter((value) => value > 0) : values
  const [low, high] = range ?? padded(shown, kind, room)
  return { kind, domain: [fromZero && kind === 'linear' && !range ? 0 : low, high] as const }
}

function drawn({ name, x, y, kind = 'line', faint }: ChartSeries, colour: string, scales: Scales): string {
  const at = (i: number) => [scales.x.at(x[i]), scales.y.at(y[i])] as const
  if (kind === 'bars') {
    const width = Math.max(1, (0.8 * (BOX.right - BOX.left)) / Math.max(1, x.length))
    const bar = (left: number, top: number) =>
      element('rect', { x: left - width / 2, y: top, width, height: Math.max(0, BOX.bottom - top), fill: colour })
    return x.map((_, i) => bar(...at(i))).join('')
  }
  const isFinitePoint = (i: number) => at(i).every(Number.isFinite)
  const shown = thin(y, POINTS).filter(isFinitePoint)
  const style = {
    stroke: colour,
    'stroke-width': faint ? 1 : 2,
    'stroke-linejoin': 'round',
    opacity: faint ? 0.4 : undefined,
  }
  const line = element('path', { d: path(shown.map(at)), fill: 'none', ...style })
  const mark = (i: number) => {
    const [cx, cy] = at(i)
    const tooltip = textOf(`${name}: ${compact(y[i])} at ${compact(x[i])}`)
    return element('circle', { cx, cy, r: 3.5, fill: colour }, tooltip)
  }
  return `${kind === 'points' ? '' : line}${kind === 'line' ? '' : shown.map(mark).join('')}`
}

const textOf = (text: string) => element('title', {}, escapeXml(text))

/** In the upper corner where fewer points lie. */
function legend(series: readonly ChartSeries[], scales: Scales): string[] {
  const high = BOX.top + 18 * series.length + 12
  const points = series.flatMap(({ x, y }) => x.map((_, i) => [scales.x.at(x[i]), scales.y.at(y[i])]))
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
