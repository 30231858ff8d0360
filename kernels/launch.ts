/** The kernel's process: `node launch.js CONNECTION_FILE PROJECT`. Registered kernels name this file: keep its path. */
import { existsSync } from 'node:fs'

const [connectionFile, project] = process.argv.slice(2)
const parent = process.ppid // before anything else, as it may end meanwhile
if (connectionFile === undefined || !existsSync(connectionFile)) {
  console.error(
    'neomesh: CONNECTION_FILE must be a file that Jupyter wrote. Jupyter starts the kernel: run `make lab`.',
  )
  process.exit(2)
}
// Node reads source maps of what is loaded from here on only, so the kernel itself is imported afterwards.
process.setSourceMapsEnabled(true)
const { startKernel } = await import('./node/start.js')
startKernel(connectionFile, parent, project).catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
