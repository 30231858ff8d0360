/** A browser cannot start processes: a grid of runs needs Node. */
import { EngineError } from '../../engine/index.js'
import type * as node from './pool.js'

export const createPool: typeof node.createPool = () => {
  throw new EngineError('a pool of processes must run in Node (this is a browser). Run the grid without a pool')
}
