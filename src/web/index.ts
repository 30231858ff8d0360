/** A trained model as a page for the browser. */
export { exportWeb, type ExportWebOptions } from './export-web.js'
export {
  mostLikely,
  /** @deprecated Use mostLikely. */
  mostLikely as likeliest,
  type Likely,
} from './most-likely.js'
