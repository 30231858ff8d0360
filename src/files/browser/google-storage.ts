/** Cloud paths are not supported in a browser: Google's client library needs Node. */
import type * as node from '../google-storage/index.js'
import { FileError } from '../error.js'

export const googleStorage: typeof node.googleStorage = () => {
  throw new FileError(
    'paths of Google Cloud Storage must be used in Node (this is a browser). Use a local path',
    'gs://',
  )
}
