/**
 * Installs the kernel for one Python environment: `node install.js .venv`. It writes a kernelspec, an extension that
 * has JupyterLab draw Plotly figures, and settings that keep JupyterLab quiet: no news asked of the network.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const require = createRequire(import.meta.url)

/** glibc's malloc as bin/neomesh.mjs has it. */
const environment = process.platform === 'linux' ? { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } : {}

/** `prefix`: folder of the environment, with `share/jupyter` and `etc/jupyter` below. */
export function install(prefix: string): void {
  const share = (...path: string[]) => join(prefix, 'share/jupyter', ...path)
  writeJson(share('kernels/neomesh/kernel.json'), {
    argv: [process.execPath, join(root, 'dist/kernels/launch.js'), '{connection_file}'],
    display_name: 'TypeScript (neomesh)',
    language: 'typescript',
    interrupt_mode: 'signal',
    env: environment,
    metadata: { debugger: false },
  })

  const extension = share('labextensions/neomesh')
  writeJson(join(extension, 'package.json'), {
    name: 'neomesh',
    version: '0.1.0',
    description: 'Plotly figures in notebooks of neomesh',
    jupyterlab: {
      mimeExtension: './plugin',
      _build: { load: 'static/remoteEntry.js', mimeExtension: './plugin' },
    },
  })
  mkdirSync(join(extension, 'static'), { recursive: true })
  copyFileSync(join(root, 'kernels/lab/remoteEntry.js'), join(extension, 'static/remoteEntry.js'))
  copyFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), join(extension, 'static/plotly.min.js'))

  writeJson(share('lab/settings/overrides.json'), {
    '@jupyterlab/apputils-extension:notification': { checkForUpdates: false, fetchNews: 'false' },
  })
  // JupyterLab runs scripts of its own with Node, which would take them for modules of the kind that the checkout has.
  writeJson(join(prefix, 'package.json'), { type: 'commonjs' })
  // There is no Python kernel in the environment to miss.
  writeJson(join(prefix, 'etc/jupyter/jupyter_config.json'), { KernelSpecManager: { ensure_native_kernel: false } })
}

function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [prefix] = process.argv.slice(2)
  if (prefix === undefined) {
    console.error('neomesh: name the folder of a Python environment, as in: node dist/kernels/install.js .venv')
    process.exit(2)
  }
  install(resolve(prefix))
}
