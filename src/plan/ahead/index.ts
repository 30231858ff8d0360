/** XLA's compilers in a subprocess, which a browser cannot start: package.json's `imports` choose browser.ts there. */
export { compileInSubprocess } from './compile.js'
export { cudaEnvironment } from '../gpu/toolchain.js'
