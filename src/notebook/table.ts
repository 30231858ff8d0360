import { escapeXml } from '../plot/index.js'
import { DISPLAY, type Displayable } from './display.js'
import { figureColumns, textTable } from '../text/index.js'

/** Default limit on the rows shown. */
const ROWS = 20

type Row = Readonly<Record<string, unknown>>

/** A frame or a series of danfojs, or of another library with the same shape. */
export interface Frame {
  readonly columns: readonly string[]
  /** One row per index; of a series, one value. */
  readonly values: readonly unknown[]
  /** Names of the rows. */
  readonly index?: readonly unknown[]
}

/** Whether it is a frame or a series of danfojs. */
export function isFrame(value: unknown): value is Frame {
  if (typeof value !== 'object' || value === null || !('dtypes' in value && 'columns' in value && 'index' in value))
    return false
  const { columns, dtypes, index } = value
  return [columns, dtypes, index, (value as { values?: unknown }).values].every(Array.isArray)
}

export interface TableOptions {
  readonly title?: string
  /** Columns to show, in this order; all by default. */
  readonly columns?: readonly string[]
  /** Limit on the rows shown. @default 20 */
  readonly rows?: number
}

/** A table of objects, one per row, or of a danfojs frame, as the value of a cell or for `show`. */
export function table(data: readonly Row[] | Frame, options: TableOptions = {}): Displayable {
  const given = rowsOf(data)
  const columns = options.columns ?? [...new Set(given.flatMap((row) => Object.keys(row)))]
  const rows = given.slice(0, options.rows ?? ROWS)
  const more = given.length - rows.length
  const right = figureColumns([columns, ...rows.map((row) => columns.map((column) => plainOf(row[column])))])
  const texts = rows.map((row) => columns.map((column) => textOf(row[column])))
  const note = more > 0 ? `${more.toLocaleString('en-US')} more rows` : ''
  return {
    [DISPLAY]: () => ({
      'text/html': htmlTable(columns, texts, right, options.title, note),
      'text/plain': `${textTable([columns, ...texts], right)}${note}`.trimEnd(),
    }),
  }
}

function rowsOf(data: readonly Row[] | Frame): readonly Row[] {
  if (!('columns' in data)) return data
  const { columns, values, index } = data
  const isNamed = index?.some((name) => typeof name === 'string')
  return values.map((row, at) => ({
    ...(isNamed && { '': index![at] }),
    ...Object.fromEntries(columns.map((column, i) => [column, Array.isArray(row) ? row[i] : row])),
  }))
}

/** Integers in full, other numbers with four digits. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'number' || !Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  if (Math.abs(value) < 1e-4) return value.toExponential(2)
  const digits = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4))
  return digits.toLocaleString('en-US', { maximumFractionDigits: 7 })
}

const plainOf = (value: unknown) => (typeof value === 'number' ? value : String(value ?? ''))

/** Rows of texts below a head, which may be empty; `right`: columns to set to the right. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
  title = '',
  note = '',
): string {
  const cell = (tag: string, text: string, i: number) => {
    const align = `text-align: ${right[i] ? 'right' : 'left'}`
    // The first column serves as the head: keep it on one line.
    const style = head.length === 0 && i === 0 ? `${align}; white-space: nowrap` : align
    return `<${tag} style="${style}">${indented(text)}</${tag}>`
  }
  const row = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((text, i) => cell(tag, text, i)).join('')}</tr>`
  const above = title === '' ? '' : `<b>${escapeXml(title)}</b>`
  const below = note === '' ? '' : `<i>${note}</i>`
  const top = head.length === 0 ? '' : `<thead>${row('th', head)}</thead>`
  const body = rows.map((cells) => row('td', cells)).join('')
  return `<div>${above}<table class="dataframe">${top}<tbody>${body}</tbody></table>${below}</div>`
}

/** HTML would drop leading spaces. */
const indented = (text: string) => escapeXml(text).replace(/^ +/, (spaces) => '&nbsp;'.repeat(2 * spaces.length))
