/**
 * Where the PJRT plugin of a platform is: named by the user, in the project's virtual environment, or in Python's
 * packages.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sitePackages, userPackages } from '../../files/index.js'
import { howToInstall, PLUGINS, PLATFORMS, type Platform } from './plugins.js'

export interface FoundPlugin {
  path: string
  platform: Platform
  /** Python package that it came with, or null when the user named the file. */
  package: string | null
  version: string | null
}

/** As in `libtpu 0.0.52`. */
export function nameOf({ package: name, path, version }: FoundPlugin): string {
  return `${name ?? path} ${version ?? ''}`.trim()
}

/** No PJRT plugin of a platform in the folders that are searched; `looked` lists them. */
export class PluginNotFoundError extends Error {
  override readonly name = 'PluginNotFoundError'

  constructor(
    readonly platform: Platform,
    readonly looked: readonly string[],
    /** What to do. */
    readonly install: string,
  ) {
    super(`no PJRT plugin for ${platform}\n${looked.map((path) => `  looked at ${path}`).join('\n')}\n  ${install}`)
  }
}

/** What discovery depends on; tests give their own. */
export interface DiscoveryEnvironment {
  environment: Readonly<Record<string, string | undefined>>
  folder: string
  /** Root of this package, for a checkout used from elsewhere. */
  packageFolder: string
  /** User id of this process; undefined where the system has none. */
  uid: number | undefined
  /** site-packages folders of the python on PATH. */
  pythonPackages: () => string[]
  os: NodeJS.Platform
  architecture: string
}

const currentEnvironment: () => DiscoveryEnvironment = () => ({
  environment: process.env,
  folder: process.cwd(),
  packageFolder: fileURLToPath(new URL('../../../../', import.meta.url)),
  uid: process.getuid?.(),
  pythonPackages,
  os: process.platform,
  architecture: process.arch,
})

/**
 * Finds the plugin of a platform. In order: PJRT_PLUGIN_LIBRARY_PATH (unless its name contains another platform),
 * `.venv` of this package, `.venv` of the working folder and of its parents (those that only this user or root can write
 * to: a plugin is native code), the user's folder that `neomesh setup` fills, the active virtual environment, the packages
 * of the python on PATH.
 * @throws PluginNotFoundError with the folders searched and how to install one
 */
export function findPlugin(platform: Platform, discovery: DiscoveryEnvironment = currentEnvironment()): FoundPlugin {
  const looked: string[] = []
  const named = discovery.environment.PJRT_PLUGIN_LIBRARY_PATH
  if (named && (platformOf(named) ?? platform) === platform) {
    if (existsSync(named)) return { path: resolve(discovery.folder, named), platform, package: null, version: null }
    throw new PluginNotFoundError(
      platform,
      [`PJRT_PLUGIN_LIBRARY_PATH=${named}: there is no such file`],
      'Correct the variable, or unset it to search the usual folders.',
    )
  }
  for (const packages of packageFolders(discovery, looked)) {
    for (const plugin of PLUGINS[platform]) {
      const path = join(packages, plugin.file)
      if (!existsSync(path)) continue
      return { path, platform, package: plugin.package, version: versionIn(packages, plugin.package) }
    }
    looked.push(`${packages} for ${PLUGINS[platform].map((plugin) => plugin.package).join(', ')}`)
  }
  throw new PluginNotFoundError(platform, looked, howToInstall(platform, discovery.os, discovery.architecture))
}

/** The platform in the name of a plugin's file, so that a variable that names a CPU plugin is not taken for libtpu. */
function platformOf(path: string): Platform | null {
  const name = basename(path).toLowerCase()
  if (name.includes('mlx')) return 'metal'
  return PLATFORMS.find((platform) => name.includes(platform)) ?? null
}

/** Lazily: asking python for its folders starts a process. */
function* packageFolders(
  { environment, folder, packageFolder, uid, pythonPackages }: DiscoveryEnvironment,
  looked: string[],
): Generator<string> {
  const seen = new Set<string>()
  function* fresh(folders: Iterable<string>): Generator<string> {
    for (const path of folders) {
      if (seen.has(path)) continue
      seen.add(path)
      yield path
    }
  }
  yield* fresh(sitePackages(join(packageFolder, '.venv')))
  for (const parent of upward(folder)) {
    for (const packages of fresh(sitePackages(join(parent, '.venv')))) {
      if (isPrivate(join(parent, '.venv'), uid) && isPrivate(packages, uid)) yield packages
      else looked.push(`${packages}: not used, because other users can write to it`)
    }
  }
  yield* fresh([userPackages(environment)].filter(existsSync))
  if (environment.VIRTUAL_ENV) yield* fresh(sitePackages(environment.VIRTUAL_ENV))
  yield* fresh(pythonPackages())
}

/** Whether a folder is this user's, or root's, and no other can write to it. */
function isPrivate(folder: string, uid: number | undefined): boolean {
  if (uid === undefined) return true
  const { uid: owner, mode } = statSync(folder)
  return (owner === uid || owner === 0) && (mode & 0o002) === 0
}

function* upward(folder: string): Generator<string> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    yield at
    if (dirname(at) === at) return
  }
}

function pythonPackages(): string[] {
  const script = 'import site; print("\\n".join([*site.getsitepackages(), site.getusersitepackages()]))'
  for (const python of ['python3', 'python']) {
    const { status, stdout } = spawnSync(python, ['-c', script], { encoding: 'utf8', timeout: 10_000 })
    if (status === 0) return stdout.trim().split(/\r?\n/).filter(existsSync)
  }
  return []
}

/** From the name of the package's dist-info folder. */
function versionIn(packages: string, name: string): string | null {
  const prefix = `${name.replaceAll('-', '_')}-`
  const info = readdirSync(packages).find((entry) => entry.startsWith(prefix) && entry.endsWith('.dist-info'))
  return info ? info.slice(prefix.length, -'.dist-info'.length) : null
}

/** Google's number on the PCI bus. */
const GOOGLE = '0x1ae0'

/**
 * Whether the machine has TPU chips: libtpu would look for them, and for Google's metadata server, for minutes. TPU VMs
 * show chips on the PCI bus, older ones as /dev/accel0.
 */
export function hasTpu(root = '/'): boolean {
  if (existsSync(join(root, 'dev/accel0'))) return true
  const devices = join(root, 'sys/bus/pci/devices')
  if (!existsSync(devices)) return false
  return readdirSync(devices).some((device) => {
    const vendor = join(devices, device, 'vendor')
    return existsSync(vendor) && readFileSync(vendor, 'utf8').trim() === GOOGLE
  })
}
