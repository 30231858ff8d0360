/** A trained model as a page for the browser. */
export { exportWeb, type ExportWebOptions } from './export-web.js'
export { likeliest, type Likely } from './likeliest.js'
