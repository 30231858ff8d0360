import { escapeXml } from '../plot/index.js'
import { DISPLAY, type Displayable } from './show.js'

/** Rows that are shown, of more. */
const ROWS = 20

type Row = Readonly<Record<string, unknown>>

/** A frame of danfojs, or of another library with the same shape. */
interface Frame {
  readonly columns: readonly string[]
  readonly values: readonly (readonly unknown[])[]
  /** Names of the rows. */
  readonly index?: readonly unknown[]
}

export interface TableOptions {
  readonly title?: string
  /** Columns to show, in this order; all by default. */
  readonly columns?: readonly string[]
  /** Rows to show, of more. @default 20 */
  readonly rows?: number
}

/** A table of objects, one a row, or of a frame of danfojs. As the value of a cell, or for `show`. */
export function table(data: readonly Row[] | Frame, options: TableOptions = {}): Displayable {
  const given = rowsOf(data)
  const columns = options.columns ?? [...new Set(given.flatMap((row) => Object.keys(row)))]
  const rows = given.slice(0, options.rows ?? ROWS)
  const more = given.length - rows.length
  const numeric = columns.map((column) => rows.some((row) => typeof row[column] === 'number'))
  const texts = columns.map((column) => rows.map((row) => textOf(row[column])))
  const note = more > 0 ? `${more.toLocaleString('en-US')} more rows` : ''
  return {
    [DISPLAY]: () => ({
      'text/html': htmlOf(columns, texts, numeric, options.title, note),
      'text/plain': plainOf(columns, texts, numeric, note),
    }),
  }
}

function rowsOf(data: readonly Row[] | Frame): readonly Row[] {
  if (!('columns' in data)) return data
  const { columns, values, index } = data
  const isNamed = index?.some((name) => typeof name === 'string')
  return values.map((row, at) => ({
    ...(isNamed && { '': index![at] }),
    ...Object.fromEntries(columns.map((column, i) => [column, row[i]])),
  }))
}

/** Whole numbers as they are, others with four digits. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'number' || !Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  if (Math.abs(value) < 1e-4) return value.toExponential(2)
  const digits = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4))
  return digits.toLocaleString('en-US', { maximumFractionDigits: 7 })
}

type Texts = readonly (readonly string[])[]

function htmlOf(columns: readonly string[], texts: Texts, numeric: readonly boolean[], title = '', note = ''): string {
  const align = (i: number) => `style="text-align: ${numeric[i] ? 'right' : 'left'}"`
  const head = columns.map((column, i) => `<th ${align(i)}>${escapeXml(column)}</th>`).join('')
  const count = texts[0]?.length ?? 0
  const body = Array.from({ length: count }, (_, row) => {
    const cells = texts.map((column, i) => `<td ${align(i)}>${escapeXml(column[row])}</td>`)
    return `<tr>${cells.join('')}</tr>`
  })
  const above = title === '' ? '' : `<b>${escapeXml(title)}</b>`
  const below = note === '' ? '' : `<i>${note}</i>`
  return `<div>${above}<table class="dataframe"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>${below}</div>`
}

function plainOf(columns: readonly string[], texts: Texts, numeric: readonly boolean[], note: string): string {
  const widths = texts.map((column, i) => Math.max(columns[i].length, ...column.map((text) => text.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  const count = texts[0]?.length ?? 0
  const lines = [columns, ...Array.from({ length: count }, (_, row) => texts.map((column) => column[row]))]
  return [...lines.map(line), ...(note === '' ? [] : [note])].join('\n')
}
