/** Globals of Node that the library uses; the bundler injects them (bundle.ts). */
export { Buffer } from 'buffer'
