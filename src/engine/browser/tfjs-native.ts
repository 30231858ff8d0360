/** TensorFlow's native library needs Node. */
import { EngineError } from '../engine.js'
import type * as node from '../tfjs/native.js'

export const findNative: typeof node.findNative = () => null

export const openNative: typeof node.openNative = async (name) => {
  throw new EngineError(`${name} must run in Node (this is a browser). Use the engine host`)
}
