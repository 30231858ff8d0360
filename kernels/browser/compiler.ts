/** Loads the compiler, tslab's converter, in a worker. build.ts bundles both as compiler.js. */
import type { CompilerApi } from '../core/compiler-api.js'
import type { Patched } from '../core/compiler.js'
import type { CellCompiler } from '../core/tslab.js'
import { createSystem, type CompilerSystem } from './compiler-files.js'

/** What compiler.js defines. */
export interface CompilerBundle {
  readonly typescript: CompilerApi & { setSys(system: CompilerSystem): void }
  /** tslab's converter over this compiler. */
  load(compiler: CompilerApi): CellCompiler
}

/** `texts`: declarations by path; see compiler-files.ts. */
export function loadCompiler(
  { typescript, load }: CompilerBundle,
  patched: Patched,
  texts: Readonly<Record<string, string>>,
): CellCompiler {
  const system = createSystem(new Map(Object.entries(texts)))
  typescript.setSys(system)
  const compiler = { ...typescript, sys: system } as unknown as CompilerApi
  return load({ ...compiler, ...patched.patch(compiler) })
}
