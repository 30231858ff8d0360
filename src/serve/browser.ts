/** A browser cannot listen for requests. */
import type * as node from './index.js'

export class ServeError extends Error {
  override name = 'ServeError'
}

const refuse = async (): Promise<never> => {
  throw new ServeError('a server must run in Node (this is a browser). Use generateText, or exportWeb for a page')
}

export const serve: typeof node.serve = refuse
export const startServer: typeof node.startServer = refuse
export const openServedModel: typeof node.openServedModel = refuse
