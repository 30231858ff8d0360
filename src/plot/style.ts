import { element, path } from './svg.js'

/** How a series is drawn: series differ in colour and, for readers who cannot distinguish colours, in mark and dashes. */
export interface Style {
  readonly colour: string
  readonly mark: Mark
  readonly dash?: string
}
type Mark = 'circle' | 'square' | 'triangle' | 'diamond'

/** Okabe and Ito 2008, "Color universal design", without yellow, which is too pale for lines. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']
const MARKS: readonly Mark[] = ['circle', 'square', 'triangle', 'diamond']

/** The style of the series with this index. */
export function styleOf(index: number): Style {
  const round = Math.floor(index / COLOURS.length)
  return {
    colour: COLOURS[index % COLOURS.length],
    mark: MARKS[index % MARKS.length],
    ...(round > 0 && { dash: ['6 3', '2 3'][(round - 1) % 2] }),
  }
}

/** A mark at a position; `tooltip` is shown on hover. */
export function mark({ colour, mark }: Style, x: number, y: number, tooltip?: string, size = 3.6): string {
  const attributes = { fill: colour, stroke: '#fff', 'stroke-width': 0.8 }
  const title = tooltip === undefined ? [] : [element('title', {}, tooltip)]
  if (mark === 'circle') return element('circle', { cx: x, cy: y, r: size, ...attributes }, ...title)
  const r = size * 1.2
  const corners: Readonly<Record<Exclude<Mark, 'circle'>, [number, number][]>> = {
    square: [
      [-0.8, -0.8],
      [0.8, -0.8],
      [0.8, 0.8],
      [-0.8, 0.8],
    ],
    triangle: [
      [0, -1.1],
      [1, 0.8],
      [-1, 0.8],
    ],
    diamond: [
      [0, -1.2],
      [1.1, 0],
      [0, 1.2],
      [-1.1, 0],
    ],
  }
  const points = corners[mark].map(([dx, dy]) => [x + dx * r, y + dy * r] as const)
  return element('path', { d: path(points, true), ...attributes }, ...title)
}
