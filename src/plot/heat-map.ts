import { element, escapeXml, picture, QUIET, textAt, widthOf } from './svg.js'

export interface HeatMap {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly {
    readonly name: string
    /** From 0 to 1; null: none. */
    readonly values: readonly (number | null)[]
  }[]
  readonly format: (value: number) => string
}

const TOP = 44
const ROW = 30
/** Height of the names of columns. */
const HEAD = 26

/** A table of values from 0 to 1 as colours, with the values in the cells. Returns SVG. */
export function heatMap({ title, columns, rows, format }: HeatMap): string {
  const left = 24 + Math.max(...rows.map(({ name }) => widthOf(name)))
  const cell = Math.max(64, ...columns.map((name) => widthOf(name) + 14))
  const width = Math.max(left + cell * columns.length + 20, widthOf(title, 15) + 28)
  const height = TOP + HEAD + rows.length * ROW + 20
  return picture(width, height, title, [
    ...columns.map((name, i) =>
      textAt(left + (i + 0.5) * cell, TOP + HEAD - 9, name, { 'text-anchor': 'middle', fill: QUIET }),
    ),
    ...rows.map(({ name, values }, row) => {
      const y = TOP + HEAD + row * ROW
      const label = textAt(left - 10, y + ROW / 2 + 4, name, { 'text-anchor': 'end' })
      const cells = values.map((value, i) => {
        const x = left + i * cell
        const size = { x: x + 1, y: y + 1, width: cell - 2, height: ROW - 2 }
        if (value === null) return element('rect', { ...size, fill: '#f4f4f4' })
        const tooltip = element('title', {}, escapeXml(`${name}, ${columns[i]}: ${format(value)}`))
        const text = { 'text-anchor': 'middle', fill: value > 0.55 ? '#fff' : '#222' }
        return (
          element('rect', { ...size, fill: colourOf(value) }, tooltip) +
          textAt(x + cell / 2, y + ROW / 2 + 4, format(value), text)
        )
      })
      return label + cells.join('')
    }),
  ])
}

/** From white to the first colour of charts; brightness falls evenly, so that it reads in print too. */
function colourOf(value: number): string {
  const at = Math.min(1, Math.max(0, value))
  const mixed = [
    [247, 0],
    [251, 90],
    [255, 150],
  ].map(([from, to]) => Math.round(from + (to - from) * at))
  return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}
