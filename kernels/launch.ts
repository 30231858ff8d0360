/** The kernel's process: `node launch.js CONNECTION_FILE PROJECT`. Cells run in the project's folder, wherever the notebook lies. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startAttendant } from './attend.js'
import { createCells } from './cells.js'
import { patchCompiler } from './compiler.js'
import { loadEntries } from './entries.js'
import { createServer } from './server.js'
import { loadTslab } from './tslab.js'

/** Root of this package. */
const root = fileURLToPath(new URL('../../', import.meta.url))

async function main(connectionFile: string, project: string): Promise<void> {
  process.chdir(project)
  process.setSourceMapsEnabled(true) // before what they are for is loaded
  const patched = patchCompiler(root)
  const tslab = loadTslab(patched.patch)
  const attendant = await startAttendant(tslab.zeromq)
  const cells = createCells(project, tslab, patched, attendant, await loadEntries(root))
  await createServer(tslab, cells, attendant, connectionFile).init()
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
