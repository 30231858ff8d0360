/** The lessons as a static site: JupyterLite with the kernel that runs in a browser. */
import {
  dirname,
  FileError,
  isFile,
  isFolder,
  join,
  listFiles,
  makeFolder,
  packageFolder,
  readFile,
  readFolder,
  readJson,
  readText,
  relative,
  sha256,
  userFolder,
  writeFileAtomic,
  writeFolderAtomic,
} from '../files/index.js'
import { findPython, installPackages } from './python.js'
import { runProgram } from './run-program.js'
import { frontPage, teachersPage, type Lesson } from './site-pages.js'

export interface Site {
  readonly folder: string
  readonly files: number
  readonly bytes: number
}

/** Entries of a site: the folder may be written again over one that has no others. */
const ENTRIES = [
  ...['index.html', 'teachers.html', 'style.css', 'start.js', 'service-worker.js', 'favicon.ico', 'docs'],
  ...['api', 'build', 'consoles', 'doc', 'edit', 'extensions', 'files', 'lab', 'notebooks', 'repl', 'tree'],
  ...['bootstrap.js', 'config-utils.js', 'icon-120x120.png', 'icon-512x512.png', 'manifest.webmanifest'],
  ...['jupyter-lite.ipynb', 'jupyter-lite.json', 'jupyterlite.schema.v0.json'],
]
/** Parts of JupyterLite that build it, or that the site has its own of. */
const LEFT_OUT = [
  '*.map',
  '*/rspack.config*',
  'package/package.json',
  'package/index.html',
  'package/service-worker.js',
]
/** Pages of JupyterLite that people open. */
const APPS = ['lab', 'notebooks', 'tree', 'edit', 'consoles', 'repl']

const EXTENSION = 'neomesh-kernel'
const PLOTLY = 'neomesh'

/**
 * Writes the site into a folder, atomically; an older site there is replaced. JupyterLite is fetched from PyPI once, into the
 * user's cache. `parts`: folder that kernels/browser/build.mjs has made. Throws FileError.
 */
export async function writeSite(output: string, parts = join(packageFolder, 'dist/classroom')): Promise<Site> {
  if (!(await isFile(join(parts, 'extension/worker.js'))))
    throw new FileError('the kernel for browsers must be built first (it is not). Run `make site`.', parts)
  const app = await findApp()
  const mayReplace = (name: string) => ENTRIES.includes(name)
  await writeFolderAtomic(output, { overwrite: true, mayReplace }, async (folder) => {
    const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`)
    await runProgram('tar', ['-xzf', app.archive, '-C', folder, '--strip-components=1', ...exclude], 'Install tar.')
    await writeExtensions(parts, folder)
    const lessons = await writeContents(folder)
    await writeConfig(folder)
    await writePages(folder, lessons, app.version)
    await copy(parts, folder, ['style.css', 'start.js'])
    const docs = join(packageFolder, 'dist/docs')
    if (await isFolder(docs)) await copyFolder(docs, join(folder, 'docs'))
    await writeServiceWorker(parts, folder)
  })
  const sizes = await Promise.all((await listFiles(output)).map(async (path) => (await readFile(path)).length))
  return { folder: output, files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

interface App {
  readonly archive: string
  readonly version: string
}

async function findApp(): Promise<App> {
  const requirements = join(packageFolder, 'requirements-site.txt')
  const version = /jupyterlite-core==(\S+)/.exec(await readText(requirements))![1]
  const packages = join(userFolder(), `jupyterlite-${version}`)
  const archive = join(packages, `jupyterlite_core/jupyterlite-app-${version}.tgz`)
  if (!(await isFile(archive))) await installPackages(findPython(), ['--requirement', requirements], packages)
  return { archive, version }
}

async function writeExtensions(parts: string, folder: string): Promise<void> {
  await copyFolder(join(parts, 'extension'), join(folder, 'extensions', EXTENSION, 'static'))
  const plotly = join(folder, 'extensions', PLOTLY, 'static')
  await makeFolder(plotly)
  await writeFileAtomic(
    join(plotly, 'remoteEntry.js'),
    await readFile(join(packageFolder, 'kernels/lab/remoteEntry.js')),
  )
  await writeFileAtomic(join(plotly, 'plotly.min.js'), await readFile(join(parts, 'plotly.min.js')))
}

/** Copies the lessons, and adds them to the files that the kernel and the file browser see. */
async function writeContents(folder: string): Promise<Lesson[]> {
  const names = (await readFolder(join(packageFolder, 'notebooks')))
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.ipynb'))
    .sort()
  await makeFolder(join(folder, 'files'))
  const lessons: Lesson[] = []
  const packs: object[] = []
  for (const name of names) {
    const notebook = withWholeTexts((await readJson(join(packageFolder, 'notebooks', name))) as Notebook)
    const text = JSON.stringify(notebook)
    await writeFileAtomic(join(folder, 'files', name), text)
    lessons.push({ name, ...titleOf(notebook) })
    packs.push({ url: `../../../files/${name}`, files: [{ path: `/${name}`, size: Buffer.byteLength(text) }] })
  }
  const list = join(folder, 'extensions', EXTENSION, 'static/files.json')
  const served = (await readJson(list)) as { packs: readonly object[] } // as in files/browser/served.ts
  await writeFileAtomic(list, JSON.stringify({ packs: [...served.packs, ...packs] }))
  return lessons
}

type Lines = string | readonly string[]

interface Notebook {
  readonly cells: readonly {
    readonly cell_type: string
    readonly source: Lines
    readonly outputs?: readonly { readonly text?: Lines; readonly data?: Readonly<Record<string, unknown>> }[]
  }[]
}

/** Texts are lists of lines in files; Jupyter's server joins them for JupyterLab, and JupyterLite has none. */
function withWholeTexts(notebook: Notebook): Notebook {
  const whole = <T>(value: T) =>
    Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : value
  const cells = notebook.cells.map((cell) => {
    const outputs = cell.outputs?.map((output) => ({
      ...output,
      ...(output.text !== undefined && { text: whole(output.text) }),
      ...(output.data !== undefined && {
        data: Object.fromEntries(Object.entries(output.data).map(([type, value]) => [type, whole(value)])),
      }),
    }))
    return { ...cell, source: whole(cell.source), ...(outputs && { outputs }) }
  })
  return { ...notebook, cells }
}

/** The heading of a notebook, and the first sentence below it. */
function titleOf({ cells }: Notebook): { title: string; about: string } {
  const { source } = cells.find(({ cell_type }) => cell_type === 'markdown')!
  const [heading, ...rest] = (source as string).split('\n').filter((line) => line.trim() !== '')
  const sentence = /^.*?[.!?:](?=\s|$)/.exec(rest.join(' ').replace(/[*_`]|\[([^\]]*)\]\([^)]*\)/g, '$1'))
  return { title: heading.replace(/^#+\s*/, ''), about: (sentence?.[0] ?? '').replace(/:$/, '.') }
}

async function writeConfig(folder: string): Promise<void> {
  const file = join(folder, 'jupyter-lite.json')
  const config = (await readJson(file)) as { 'jupyter-config-data': Record<string, unknown> }
  Object.assign(config['jupyter-config-data'], {
    appName: 'neomesh',
    defaultKernelName: 'neomesh',
    exposeAppInBrowser: false,
    federated_extensions: [EXTENSION, PLOTLY].map((name) => ({
      name,
      load: 'static/remoteEntry.js',
      ...(name === PLOTLY ? { mimeExtension: './plugin' } : { extension: './extension' }),
      liteExtension: name === EXTENSION,
    })),
    disabledExtensions: [
      // The kernel's extension has another.
      '@jupyterlite/services-extension:default-drive',
      // Neither asks another server: there is none to ask.
      '@jupyterlab/apputils-extension:announcements',
      '@jupyterlab/extensionmanager-extension',
    ],
    settingsOverrides: {
      '@jupyterlab/notebook-extension:tracker': { windowingMode: 'defer' },
    },
  })
  await writeFileAtomic(file, JSON.stringify(config, null, 1))
  await disable(join(folder, 'notebooks/jupyter-lite.json'), [
    // It waits 0.7 s for a list of files, which this page does not have, and the notebook waits for it.
    '@jupyterlab/filebrowser-extension:notify-upload',
    // It asks for icons of a Jupyter server, above the folder of the site.
    '@jupyter-notebook/notebook-extension:tab-icon',
    // What no lesson uses, and what needs a list of files.
    '@jupyter-notebook/console-extension:scratchpad-console',
    '@jupyterlab/celltags-extension',
    '@jupyterlab/filebrowser-extension:open-browser-tab',
    '@jupyterlab/filebrowser-extension:open-url',
    '@jupyterlab/logconsole-extension',
    '@jupyterlab/notebook-extension:log-output',
  ])
  // Files that JupyterLite asks for, without which browsers report errors.
  await makeFolder(join(folder, 'api/translations'))
  const english = { en: { displayName: 'English', nativeName: 'English' } }
  await writeFileAtomic(join(folder, 'api/translations/all.json'), JSON.stringify({ data: english, message: '' }))
  await writeFileAtomic(join(folder, 'api/translations/en.json'), JSON.stringify({ data: {}, message: '' }))
  await writeFileAtomic(join(folder, 'build/schemas/all_federated.json'), '[]')
  // JupyterLab's icon has 0.3 MB; that of notebooks, 1 kB.
  const icon = await readFile(join(folder, 'notebooks/favicon.ico'))
  for (const name of ['favicon.ico', 'lab/favicon.ico']) await writeFileAtomic(join(folder, name), icon)
}

/** Adds to the extensions that a page does not activate; those of the whole site are in the folder's jupyter-lite.json. */
async function disable(file: string, extensions: readonly string[]): Promise<void> {
  const config = (await readJson(file)) as { 'jupyter-config-data': Record<string, unknown> }
  Object.assign(config['jupyter-config-data'], { disabledExtensions: extensions })
  await writeFileAtomic(file, JSON.stringify(config, null, 1))
}

async function writePages(folder: string, lessons: readonly Lesson[], jupyterlite: string): Promise<void> {
  const start = (root: string) => `<script src="${root}start.js" data-jupyterlite="${jupyterlite}"></script>`
  for (const app of APPS) {
    const page = join(folder, app, 'index.html')
    const text = await readText(page)
    const changed = text
      .replace('<head>', `<head>\n    ${start('../')}`)
      .replaceAll('JupyterLite</title>', 'neomesh</title>')
    await writeFileAtomic(page, changed)
  }
  await writeFileAtomic(join(folder, 'index.html'), frontPage(lessons, start('')))
  await writeFileAtomic(join(folder, 'teachers.html'), teachersPage(lessons, start('')))
}

/** What other lessons need than the one that is open; not the tables of other tokenizers, of a megabyte. */
const AHEAD = [/^[^/]*$/, /^(files|api)\//, /^(lab|notebooks)\/\w+\.(html|json)$/, /^extensions\/(?!.*(gpt2|p50k))/]

/** What is kept for use without a network, beside what a visit loads. */
async function writeServiceWorker(parts: string, folder: string): Promise<void> {
  const paths = (await listFiles(folder)).map((path) => relative(folder, path)).sort()
  const ahead = paths.filter((path) => AHEAD.some((pattern) => pattern.test(path)))
  const sums = await Promise.all(paths.map(async (path) => `${path} ${sha256(await readFile(join(folder, path)))}`))
  const version = sha256(new TextEncoder().encode(sums.join('\n'))).slice(0, 16)
  const script = await readText(join(parts, 'service-worker.js'))
  await writeFileAtomic(
    join(folder, 'service-worker.js'),
    `const SITE = ${JSON.stringify({ version, ahead })}\n${script}`,
  )
}

const copy = async (from: string, to: string, names: readonly string[]) => {
  for (const name of names) await writeFileAtomic(join(to, name), await readFile(join(from, name)))
}

async function copyFolder(from: string, to: string): Promise<void> {
  for (const path of await listFiles(from)) {
    const target = join(to, relative(from, path))
    await makeFolder(dirname(target))
    await writeFileAtomic(target, await readFile(path))
  }
}
