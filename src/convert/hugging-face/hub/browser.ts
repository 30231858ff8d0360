/** A lesson in a browser sends no request to other sites, so the hub is for Node. */
import { FileError } from '../../../files/index.js'
import type * as node from './index.js'

const refuse = (name: string): never => {
  throw new FileError(
    `${name} must be downloaded or uploaded in Node (this is a browser). Upload the model's files here instead`,
    name,
  )
}

export const downloadModel: typeof node.downloadModel = async (name) => refuse(name)
export const importFromHub: typeof node.importFromHub = async (name) => refuse(name)
export const uploadModel: typeof node.uploadModel = async (_folder, name) => refuse(name)
