/** Answers of the engine xla in a browser, which cannot load native code. */
import { EngineError } from '../engine.js'
import type * as node from '../xla/index.js'

const REMEDY = 'Use the engine host, which openEngine() chooses here'

export class PluginNotFoundError extends Error {
  override readonly name = 'PluginNotFoundError'
  readonly looked: readonly string[] = []
  readonly install = REMEDY

  constructor(readonly platform: node.FoundPlugin['platform']) {
    super(`no PJRT plugin for ${platform}: a browser cannot load native code. ${REMEDY}`)
  }
}

export const findPlugin: typeof node.findPlugin = (platform) => {
  throw new PluginNotFoundError(platform)
}

/** No value is an instance of it. */
export class XlaEngine {}

export const openXla: typeof node.openXla = async () => {
  throw new EngineError(`the engine xla must run in Node (this is a browser, which cannot load native code). ${REMEDY}`)
}
