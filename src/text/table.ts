type Rows = readonly (readonly (string | number)[])[]

/** Lines of a table: columns as wide as they need, figures to the right. The first row is the head. */
export function textTable(rows: Rows, right = figureColumns(rows)): string {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)))
  const widths = texts[0].map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd()
  return texts.map((row) => `${line(row)}\n`).join('')
}

/** Which columns have figures below the head: a number among the rest, or texts that are all digits, such as `1.20`. */
export function figureColumns([head, ...rows]: Rows): boolean[] {
  return head.map((_, column) => {
    const cells = rows.map((row) => row[column]).filter((cell) => cell !== undefined && cell !== '')
    const isFigure = (cell: string | number) => /^[\d,]+(\.\d+)?$/.test(String(cell))
    return cells.some((cell) => typeof cell === 'number') || (cells.length > 0 && cells.every(isFigure))
  })
}
