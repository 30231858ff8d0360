/** Runs the JavaScript of cells in the global scope. */
import type { Script } from '../core/cells.js'

type Global = (code: string) => unknown
const evaluate: Global = eval // called by another name, it evaluates in the global scope

export async function execute({ code, isAsync, prepare }: Script): Promise<void> {
  await prepare()
  const head = isAsync ? 'async function' : 'function'
  await evaluate(`(${head}(exports, require) { ${code}\n})(__neomesh__.exports, __neomesh__.require)`)
}
