import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { join, kernelPackages, packageFolder, userPackages } from '../files/index.js'
import {
  fetchKernelPackages,
  fetchPackages,
  findPython,
  installKernel,
  makeEnvironment,
  missingPackages,
} from '../setup/index.js'
import { UsageError } from './errors.js'
import { bytes } from '../text/index.js'

interface SetupOptions {
  readonly yes?: boolean
  readonly notebooks?: boolean
  readonly kernel?: boolean
  readonly python?: string
}

/** Bytes on disk of tslab and Plotly with what they need, as measured. */
const KERNEL = 100e6
/** JupyterLab and what it needs, as measured for requirements-notebooks.txt. */
const JUPYTER = { download: 37e6, installed: 150e6 }

export function setupCommand(): Command {
  return new Command('setup')
    .description("install XLA and the demo's texts for this user; with --notebooks also JupyterLab for this folder")
    .option('-y, --yes', 'do not ask')
    .option('--notebooks', 'also install JupyterLab into .venv of this folder, with the kernel')
    .option(
      '--kernel',
      'also install the notebook kernel for this user, for a Jupyter that is there; cells run in this folder',
    )
    .option('--python <command>', 'the Python to use (default: python3 on PATH)')
    .action(async (options: SetupOptions) => {
      const packages = await missingPackages()
      const lines = packages.map(
        ({ name, version, purpose, download, installed }) =>
          `  ${name} ${version}: ${purpose} (download ${bytes(download)}, installed ${bytes(installed)})`,
      )
      if (options.notebooks)
        lines.push(
          `  JupyterLab, into .venv of this folder (download ${bytes(JUPYTER.download)}, installed ${bytes(JUPYTER.installed)})`,
        )
      if (options.notebooks || options.kernel)
        lines.push(`  tslab and Plotly, of npm, for the kernel (installed ${bytes(KERNEL)}), into ${kernelPackages()}`)
      if (lines.length === 0) return void process.stdout.write(`nothing to install: ${userPackages()} is complete\n`)
      const python = findPython(options.python)
      process.stdout.write(`From PyPI, with Python ${python.version}, into ${userPackages()}:\n${lines.join('\n')}\n`)
      if (!options.yes && !(await confirmed())) throw new UsageError('nothing was installed')
      if (packages.length > 0) await fetchPackages(python, packages)
      if (options.notebooks || options.kernel) await fetchKernelPackages()
      if (options.kernel) await installKernel({ project: '.' })
      if (options.notebooks) {
        await makeEnvironment(python, '.venv', join(packageFolder, 'requirements-notebooks.txt'))
        await installKernel({ project: '.', prefix: '.venv' })
      }
      process.stdout.write('done; `neomesh doctor` shows what works\n')
    })
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('setup must be confirmed (standard input is not a terminal). Run it with --yes.')
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await prompt.question('Install? [Y/n] ')
    return /^(y|yes|)$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
