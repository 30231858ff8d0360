/** A browser cannot start a process, so plans there are estimates. */
import type * as node from './index.js'
import { PlanError } from './limits.js'

const refuse = (): never => {
  throw new PlanError('XLA must compile in Node (this is a browser). Plan by estimate: { compile: false }')
}

export const compileInSubprocess: typeof node.compileInSubprocess = async () => refuse()
export const cudaEnvironment: typeof node.cudaEnvironment = refuse
