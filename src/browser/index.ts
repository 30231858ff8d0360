/** neomesh for browsers, as one module: dist/browser/neomesh.js. */
export { modules } from './modules.js'
export { startBrowser, type StartOptions } from './start.js'
export { localFiles, onChange, storageUse, type StorageUse } from '../files/browser/index.js'
export { provideKernel } from '../notebook/kernel.js'
