/** Side of the squares in which a matrix is walked: two of them fit a first-level cache. */
const side = 32

/**
 * The transpose of a row-major matrix of `rows` times `columns`. Moves 32-bit words rather than floats, which keeps the
 * bits of a NaN.
 */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const from = new Uint32Array(matrix.buffer, matrix.byteOffset, matrix.length)
  const to = new Uint32Array(matrix.length)
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(top + side, rows)
    for (let left = 0; left < columns; left += side) {
      const right = Math.min(left + side, columns)
      for (let column = left; column < right; column++)
        for (let row = top; row < bottom; row++) to[column * rows + row] = from[row * columns + column]
    }
  }
  return new Float32Array(to.buffer)
}
