import type { Scale } from './scale.js'
import { element, QUIET, textAt } from './svg.js'

export interface Scales {
  readonly x: Scale
  readonly y: Scale
}

/** What an axis writes. */
export interface AxisText {
  /** With its unit. */
  readonly label: string
  readonly format: (value: number) => string
}

/** Edges of the plotted area, in pixels. */
export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Grid lines at the ticks of both scales, the two axes, their numbers and labels, around a box in a picture. */
export function drawAxes(scales: Scales, text: { x: AxisText; y: AxisText }, box: Box, pictureHeight: number): string {
  const { left, right, top, bottom } = box
  const rule = (x1: number, y1: number, x2: number, y2: number, stroke = '#e4e4e4') =>
    element('line', { x1, y1, x2, y2, stroke })
  const middle = (top + bottom) / 2
  return [
    ...scales.x.ticks.map((tick) => rule(scales.x.at(tick), top, scales.x.at(tick), bottom)),
    ...scales.y.ticks.map((tick) => rule(left, scales.y.at(tick), right, scales.y.at(tick))),
    rule(left, bottom, right, bottom, '#888'),
    rule(left, top, left, bottom, '#888'),
    ...scales.x.ticks.map((tick) =>
      textAt(scales.x.at(tick), bottom + 18, text.x.format(tick), { 'text-anchor': 'middle', fill: QUIET }),
    ),
    ...scales.y.ticks.map((tick) =>
      textAt(left - 8, scales.y.at(tick) + 4, text.y.format(tick), { 'text-anchor': 'end', fill: QUIET }),
    ),
    textAt((left + right) / 2, pictureHeight - 14, text.x.label, { 'text-anchor': 'middle' }),
    textAt(16, middle, text.y.label, { 'text-anchor': 'middle', transform: `rotate(-90 16 ${middle})` }),
  ].join('')
}
