/** A new project: what `neomesh init` writes. */
import {
  basename,
  dirname,
  FileError,
  isAbsolute,
  isCheckout,
  isFile,
  isFolder,
  join,
  listFiles,
  makeFolder,
  packageFolder,
  readFile,
  readJson,
  relative,
  resolve,
  writeFileAtomic,
  writeFolderAtomic,
} from '../files/index.js'

/** What the lessons import beside neomesh, at the version that neomesh is tested with. */
const NOTEBOOK_PACKAGES = ['danfojs-node'] as const
const TOOLS = ['@types/node', 'typescript'] as const

/**
 * Writes a project into a new folder: package.json, tsconfig.json, a README, an example, the lessons' notebooks, the
 * configs, and a folder for texts. Throws FileError if the folder exists.
 */
export async function createProject(folder: string): Promise<void> {
  const path = resolve(folder)
  if ((await isFolder(path)) || (await isFile(path)))
    throw new FileError(`${folder} must be a new folder (it exists). Name another one.`, path)
  await writeFolderAtomic(path, { mayReplace: () => false }, async (work) => {
    await copy(join(packageFolder, 'templates/project'), work)
    await copy(join(packageFolder, 'notebooks'), join(work, 'notebooks'))
    await copy(join(packageFolder, 'configs'), join(work, 'configs'))
    // npm leaves a file of this name out of packages.
    await writeFileAtomic(join(work, '.gitignore'), IGNORED)
    await writeFileAtomic(join(work, 'package.json'), `${JSON.stringify(await manifestOf(path), null, 2)}\n`)
  })
}

const IGNORED = ['node_modules/', '.venv/', 'dist/', 'runs/', ''].join('\n')

async function copy(from: string, to: string): Promise<void> {
  for (const path of await listFiles(from)) {
    const target = join(to, relative(from, path))
    await makeFolder(dirname(target))
    await writeFileAtomic(target, await readFile(path))
  }
}

type Packages = Readonly<Record<string, string>>

async function manifestOf(folder: string): Promise<object> {
  const own = (await readJson(join(packageFolder, 'package.json'))) as {
    version: string
    dependencies: Packages
    devDependencies: Packages
    overrides: object
  }
  const versions: Packages = { ...own.devDependencies, ...own.dependencies }
  const at = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, versions[name]]))
  return {
    name:
      basename(folder)
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/^[._]+/, '') || 'neomesh-project',
    private: true,
    type: 'module',
    scripts: {
      setup: 'npm install && neomesh setup --notebooks',
      lab: 'neomesh lab',
      check: 'tsc --noEmit',
      train: 'tsc && node dist/train.js',
    },
    dependencies: { neomesh: await sourceOf(own.version, folder), ...at(NOTEBOOK_PACKAGES) },
    devDependencies: at(TOOLS),
    // danfojs-node asks for TensorFlow's native library and for a spreadsheet reader from outside the registry.
    overrides: own.overrides,
  }
}

/** Where npm gets neomesh from for the project: where it got this installation from, if that was a file; else the registry. */
async function sourceOf(version: string, folder: string): Promise<string> {
  const parent = resolve(packageFolder, '../..')
  const manifest = join(parent, 'package.json')
  if (isCheckout || !(await isFile(manifest))) return version
  const { dependencies = {}, devDependencies = {} } = (await readJson(manifest)) as {
    dependencies?: Packages
    devDependencies?: Packages
  }
  const spec = dependencies.neomesh ?? devDependencies.neomesh
  const file = /^file:(.*)$/.exec(spec ?? '')?.[1]
  if (file === undefined) return version
  return `file:${isAbsolute(file) ? file : relative(folder, resolve(parent, file))}`
}
