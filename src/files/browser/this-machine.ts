/** The folders of an installation, as a site serves them: configs/ at the root, packages in a hidden folder. */
import type * as node from '../this-machine.js'

const folder = '/.neomesh'

/** The site's files are laid out as a checkout's. */
export const packageFolder = '/'
export const isCheckout: boolean = true
export const userFolder: typeof node.userFolder = () => folder
export const userPackages: typeof node.userPackages = () => `${folder}/python`
export const kernelPackages: typeof node.kernelPackages = () => `${folder}/kernel`
/** A browser has no Python. */
export const sitePackages: typeof node.sitePackages = () => []
export const PARENT: typeof node.PARENT = 'NEOMESH_PARENT'
export const endWithParent: typeof node.endWithParent = async () => {}
