/** Registers the notebook kernel with Jupyter. */
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join, kernelPackages, makeFolder, packageFolder, readFile, resolve, writeFileAtomic } from '../files/index.js'

const require = createRequire(import.meta.url)

/** glibc's malloc as bin/neomesh.mjs sets it. */
const environment = process.platform === 'linux' ? { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } : {}

/**
 * Jupyter's data folder for this user, which every Jupyter on the machine reads.
 * Source: jupyter_core.paths.jupyter_data_dir.
 */
export function jupyterFolder(
  system: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR
  if (system === 'darwin') return join(homedir(), 'Library/Jupyter')
  if (system === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData/Roaming'), 'jupyter')
  return join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'jupyter')
}

export interface KernelOptions {
  /** The folder in which cells run and from which they import packages. */
  readonly project: string
  /** A Python environment that is the project's own; without it the kernel is registered for the user. */
  readonly prefix?: string
}

/**
 * Registers the kernel `neomesh`, and an extension with which JupyterLab draws Plotly figures where plotly.js-dist-min is
 * installed. In an environment of the project it also turns off JupyterLab's requests to the network and the expectation of
 * a Python kernel. Returns the kernelspec's folder. Throws FileError.
 */
export async function installKernel({ project, prefix }: KernelOptions): Promise<string> {
  const share = prefix === undefined ? jupyterFolder() : join(prefix, 'share/jupyter')
  const kernel = join(share, 'kernels/neomesh')
  await writeJson(join(kernel, 'kernel.json'), {
    // Where a cell's code is terminated in a callback, Node's checks of async hooks would end the process.
    argv: [
      process.execPath,
      '--no-force-async-hooks-checks',
      join(packageFolder, 'dist/kernels/launch.js'),
      '{connection_file}',
      resolve(project),
    ],
    display_name: 'TypeScript (neomesh)',
    language: 'typescript',
    interrupt_mode: 'signal',
    env: environment,
    metadata: { debugger: false },
  })
  await installExtension(join(share, 'labextensions/neomesh'))
  if (prefix === undefined) return kernel

  await writeJson(join(share, 'lab/settings/overrides.json'), {
    '@jupyterlab/apputils-extension:notification': { checkForUpdates: false, fetchNews: 'false' },
  })
  // JupyterLab runs scripts of its own with Node, which would take them for ES modules below a package of that type.
  await writeJson(join(prefix, 'package.json'), { type: 'commonjs' })
  await writeJson(join(prefix, 'etc/jupyter/jupyter_config.json'), {
    KernelSpecManager: { ensure_native_kernel: false },
  })
  return kernel
}

/** Plotly for JupyterLab; without the package plotly.js-dist-min figures are shown as static SVG only. */
async function installExtension(folder: string): Promise<void> {
  const plotly = findPlotly()
  if (plotly === null) return
  await writeJson(join(folder, 'package.json'), {
    name: 'neomesh',
    version: '0.1.0',
    description: 'Plotly figures in notebooks of neomesh',
    jupyterlab: {
      mimeExtension: './plugin',
      _build: { load: 'static/remoteEntry.js', mimeExtension: './plugin' },
    },
  })
  await makeFolder(join(folder, 'static'))
  await writeFileAtomic(
    join(folder, 'static/remoteEntry.js'),
    await readFile(join(packageFolder, 'kernels/lab/remoteEntry.js')),
  )
  await writeFileAtomic(join(folder, 'static/plotly.min.js'), await readFile(plotly))
}

function findPlotly(): string | null {
  for (const find of [require, createRequire(join(kernelPackages(), 'package.json'))])
    try {
      return find.resolve('plotly.js-dist-min/plotly.min.js')
    } catch {
      // The next one may have it.
    }
  return null
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await makeFolder(join(path, '..'))
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`)
}
