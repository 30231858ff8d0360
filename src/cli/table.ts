/** Lines of a table: columns as wide as they need, numbers to the right. The first row is the head. */
export function table(rows: readonly (readonly (string | number)[])[], indent = ''): string {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)))
  const widths = texts[0].map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)))
  const right = texts[0].map((_, column) => rows.slice(1).some((row) => typeof row[column] === 'number'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd()
  return texts.map((row) => `${indent}${line(row)}\n`).join('')
}
