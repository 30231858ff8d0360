/** Starts the kernel in Node: core/ compiles and runs cells; this folder is its host and its side of Jupyter's protocol. */
import { inspect } from 'node:util'
import { join, packageFolder, resolve } from '../../src/files/index.js'
import { createCells } from '../core/cells.js'
import { patchCompiler } from '../core/compiler.js'
import { startAttendant } from './attendant.js'
import { loadEntries } from './entries.js'
import { createExecutor } from './executor.js'
import { findSource } from './find-source.js'
import { createModules } from './modules.js'
import { createServer } from './server.js'
import { loadTslab } from './tslab.js'

/**
 * Cells run in the project's folder and import from it, wherever the notebook lies. `parent`: process that started the
 * kernel, with which it ends.
 */
export async function startKernel(connectionFile: string, parent: number, project = packageFolder): Promise<void> {
  const root = `${resolve(project)}/`
  process.chdir(root)
  const patched = patchCompiler(`${packageFolder}/`)
  const tslab = loadTslab(patched.patch)
  const attendant = await startAttendant(parent, tslab.zeromq)
  const entries = await loadEntries(packageFolder)
  const kernelFolders = [join(packageFolder, 'kernels/'), join(packageFolder, 'dist/kernels/')]
  const cells = createCells(tslab, patched, entries.neomesh, {
    root,
    flags: attendant.flags,
    protect: attendant.protect,
    onInterrupt: attendant.onInterrupt,
    modules: createModules(root, { ...entries, tslab: tslab.library }),
    execute: createExecutor(),
    breathe: () => new Promise(setImmediate),
    inspect: (value) => inspect(value, { depth: 1 }),
    findSource,
    isInternal: (frame) =>
      /\bnode:|[\\/]@?tslab[\\/]/.test(frame) || kernelFolders.some((folder) => frame.includes(folder)),
  })
  await createServer(tslab, cells, attendant, connectionFile).init()
}
