/** The commands around notebooks: `kernel install` and `lab`. */
import { spawn } from 'node:child_process'
import { Command } from 'commander'
import { isFile, join } from '../files/index.js'
import { installKernel } from '../setup/index.js'
import { UsageError } from './errors.js'

export function kernelCommand(): Command {
  const install = new Command('install')
    .description('register the kernel with Jupyter; cells run in this folder and import its packages')
    .option('--prefix <environment>', 'a Python environment, such as .venv (default: for this user, in every Jupyter)')
    .action(async ({ prefix }: { prefix?: string }) => {
      const folder = await installKernel({ project: '.', prefix })
      process.stdout.write(`installed ${folder}; Jupyter lists it as "TypeScript (neomesh)"\n`)
    })
  return new Command('kernel').description('the notebook kernel').addCommand(install)
}

export function labCommand(): Command {
  return new Command('lab')
    .description("start this folder's JupyterLab (.venv) with the lessons")
    .argument('[arguments...]', 'arguments for JupyterLab, after --')
    .action(async (args: readonly string[]) => {
      const jupyter = join('.venv', process.platform === 'win32' ? 'Scripts/jupyter.exe' : 'bin/jupyter')
      if (!(await isFile(jupyter)))
        throw new UsageError(
          'JupyterLab must be installed in .venv of this folder (it is not). Run `npx neomesh setup --notebooks`.',
        )
      const child = spawn(jupyter, ['lab', '--notebook-dir=.', 'notebooks', ...args], { stdio: 'inherit' })
      const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
      for (const signal of signals) process.on(signal, () => child.kill(signal))
      process.exitCode = await new Promise<number>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code) => resolve(code ?? 1))
      })
    })
}
