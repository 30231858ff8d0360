/** Python, which is needed to fetch packages of PyPI and to run JupyterLab. */
import { spawnSync } from 'node:child_process'
import { FileError, join, makeFolder } from '../files/index.js'
import { runProgram } from './run-program.js'

export interface Python {
  readonly command: string
  readonly version: string
}

const PIP = "See pip's message above; if there is no pip: apt install python3-pip."

/** Oldest version that JupyterLab and our requirements have. */
const OLDEST = [3, 10] as const

/**
 * The Python to use: `named`, or the first of python3 and python on PATH that is new enough.
 * @throws FileError if there is none of version 3.10 or newer
 */
export function findPython(named?: string): Python {
  const commands = named === undefined ? ['python3', 'python'] : [named]
  const found: string[] = []
  for (const command of commands) {
    const { status, stdout } = spawnSync(command, ['-c', 'import platform; print(platform.python_version())'], {
      encoding: 'utf8',
      timeout: 10_000,
    })
    if (status !== 0) continue
    const version = stdout.trim()
    const [major, minor] = version.split('.').map(Number)
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return { command, version }
    found.push(`${command} is ${version}`)
  }
  const got = found.length > 0 ? found.join(', ') : `no ${commands.join(' or ')} on PATH`
  throw new FileError(`Python must be 3.10 or newer (got: ${got}). Install it, or name one with --python.`, '')
}

/** Installs packages, without their dependencies, into a folder that Python's packages can be read from. */
export async function installPackages(python: Python, requirements: readonly string[], target: string): Promise<void> {
  await makeFolder(target)
  const options = ['--no-deps', '--upgrade', '--disable-pip-version-check', '--no-input', '--quiet']
  await runProgram(python.command, ['-m', 'pip', 'install', ...options, '--target', target, ...requirements], PIP)
}

/** Makes a virtual environment, or uses the one that is there, and installs a requirements file into it. Returns its python. */
export async function makeEnvironment(python: Python, folder: string, requirementsFile: string): Promise<string> {
  await runProgram(python.command, ['-m', 'venv', folder], 'On Debian and Ubuntu: apt install python3-venv.')
  const inside = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const options = ['--no-deps', '--disable-pip-version-check', '--no-input', '--quiet']
  await runProgram(inside, ['-m', 'pip', 'install', ...options, '-r', requirementsFile], PIP)
  return inside
}
