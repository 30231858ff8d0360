/** XLA through PJRT: native code, which a browser cannot load. package.json's `imports` choose ../browser/xla.ts there. */
export { findPlugin, PluginNotFoundError, type FoundPlugin } from './discovery.js'
export { openXla, XlaEngine, type XlaOptions } from './engine.js'
