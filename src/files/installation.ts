/** Paths of this package's installation and of the user's cache. */
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's root: a checkout, or node_modules/neomesh. */
export const packageFolder = join(fileURLToPath(import.meta.url), '../../../..')

/** Whether the package is a checkout, which `make` sets up, rather than an npm installation. */
export const isCheckout = basename(dirname(packageFolder)) !== 'node_modules'

type Environment = Readonly<Record<string, string | undefined>>

/** The user's cache folder, for compiled programs and packages: NEOMESH_CACHE unless it is `off`, else ~/.cache/neomesh. */
export function userFolder(environment: Environment = process.env): string {
  const named = environment.NEOMESH_CACHE
  if (named && named !== 'off') return named
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'neomesh')
}

/** The folder into which `neomesh setup` installs packages from PyPI: the PJRT plugin and the demo's texts. */
export function userPackages(environment: Environment = process.env): string {
  return join(userFolder(environment), 'python')
}

/** The folder into which `neomesh setup --notebooks` installs the kernel's npm packages. */
export function kernelPackages(environment: Environment = process.env): string {
  return join(userFolder(environment), 'kernel')
}

/** The site-packages folders of a virtual environment: lib/python3.11/site-packages, or Lib/site-packages on Windows. */
export function sitePackages(environment: string): string[] {
  const lib = join(environment, 'lib')
  const pythons = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith('python3')) : []
  const folders = pythons.map((python) => join(lib, python, 'site-packages'))
  return [...folders, join(environment, 'Lib/site-packages')].filter(existsSync)
}
