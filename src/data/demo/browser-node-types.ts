import { join, userFolder } from '../../files/index.js'

/** The folder of the declarations of @types/node that a site serves. */
export function findTypes(): string {
  return join(userFolder(), 'types/node')
}
