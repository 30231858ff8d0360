/** The kernel's process: `node launch.js CONNECTION_FILE PROJECT`. Cells run in the project's folder, wherever the notebook lies. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCells } from './cells.js'
import { patchCompiler } from './compiler.js'
import { createServer } from './server.js'
import { loadTslab } from './tslab.js'

/** Root of this package. */
const root = fileURLToPath(new URL('../../', import.meta.url))

/** How often the kernel looks whether who started it is still there, in ms. */
const LOOK = 2000

async function main(connectionFile: string, project: string): Promise<void> {
  process.chdir(project)
  process.setSourceMapsEnabled(true) // before what they are for is loaded
  const patched = patchCompiler(root)
  const tslab = loadTslab(patched.patch)
  const cells = createCells(project, tslab, patched, await import('../src/index.js'))
  process.on('SIGINT', () => cells.interrupts.interrupt())
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.exit(), LOOK).unref()
  await createServer(tslab, cells, connectionFile).init()
}

const [connectionFile, project = root] = process.argv.slice(2)
if (connectionFile === undefined || !existsSync(connectionFile)) {
  console.error('neomesh: this is started by Jupyter: `make lab`')
  process.exit(2)
}
main(connectionFile, project).catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
