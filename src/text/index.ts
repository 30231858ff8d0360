/** Numbers and tables as people read them, the same in a terminal, a notebook and a report. */
export {
  bytes,
  compact,
  duration,
  fixed,
  grouped,
  milliseconds,
  percent,
  plural,
  scientific,
  short,
  signed,
} from './format.js'
export { createPace, type Pace } from './pace.js'
export { figureColumns, textTable } from './table.js'
