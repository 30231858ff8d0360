/** Folders and processes of this machine, which a browser does not have: package.json's `imports` choose browser/this-machine.ts there. */
export { endWithParent, PARENT } from './end-with-parent.js'
export { isCheckout, kernelPackages, packageFolder, sitePackages, userFolder, userPackages } from './installation.js'
