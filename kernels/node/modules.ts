/** What cells import: neomesh, packages as Node finds them (also those that only `import` reaches), and local files. */
import Module, { createRequire } from 'node:module'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import type { Modules, Require } from '../core/cells.js'

/** `given`: modules that are not looked for, such as `neomesh`. `root`: folder of the project. */
export function createModules(root: string, given: Readonly<Record<string, unknown>>): Modules {
  const outputs = new Map<string, string>()
  const loaded = new Map<string, Module>()
  /** Packages that `require` cannot load, by specifier. */
  const imported = new Map<string, Imported>()
  const fromRoot = createRequire(join(root, 'src.js'))

  const importFrom = importerIn(root)

  const localFile = (folder: string, id: string) => {
    if (!isRelative(id)) return null
    const path = resolve(folder, id)
    const file = extname(path) === '' ? `${path}.js` : path.replace(/\.ts$/, '.js')
    return outputs.has(file) ? file : null
  }
  const requireFrom = (folder: string, node: Require): Require => {
    const resolved = node as Partial<NodeJS.Require>
    const from = (id: string): unknown => {
      if (Object.hasOwn(given, id)) return given[id]
      const file = localFile(folder, id)
      if (file !== null) return runLocal(file)
      const known = imported.get(id)
      if (!known) return node(id)
      if ('error' in known) throw known.error
      return known.module
    }
    return Object.assign(from, { resolve: resolved.resolve, cache: resolved.cache, main: resolved.main })
  }
  const runLocal = (file: string): unknown => {
    const known = loaded.get(file)
    if (known) return known.exports
    const local = new Module(file) as Module & { _compile(text: string, path: string): void }
    local.filename = file
    local.paths = (Module as unknown as { _nodeModulePaths(path: string): string[] })._nodeModulePaths(dirname(file))
    local.require = requireFrom(dirname(file), local.require.bind(local)) as NodeJS.Require
    loaded.set(file, local)
    try {
      local._compile(outputs.get(file)!, file)
    } catch (error) {
      loaded.delete(file)
      throw error
    }
    return local.exports
  }
  const require = requireFrom(root, fromRoot)

  return {
    require,
    add(made) {
      for (const { path, data } of made) {
        outputs.set(path, data)
        loaded.delete(path)
      }
    },
    async prepare(ids) {
      for (const id of ids) {
        imported.delete(id)
        try {
          require(id)
        } catch (error) {
          if (needsImport(error))
            imported.set(id, await importFor(() => importFrom(isRelative(id) ? fileUrl(root, id) : id)))
        }
      }
    },
    async load(from, id, options) {
      const name = String(id)
      if (Object.hasOwn(given, name)) return given[name]
      if (!isRelative(name)) return importFrom(name, options)
      const isOfCell = from === require
      if (options !== undefined && isOfCell) return importFrom(fileUrl(root, name), options)
      try {
        return namespaceOf(from(name))
      } catch (error) {
        if (!needsImport(error)) throw error
        return importFrom(isOfCell ? fileUrl(root, name) : pathToFileURL(from.resolve!(name)).href, options)
      }
    },
  }
}

type Import = (specifier: string, options?: object) => Promise<unknown>

/** Node's `import()` as of a file in the folder, whose packages it finds. */
function importerIn(folder: string): Import {
  const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const filename = join(folder, 'cell.js')
  const importer = vm.runInThisContext('(specifier, options) => import(specifier, options)', {
    filename,
    importModuleDynamically,
  }) as Import
  // Node warns once that the option is experimental, which would be in the output of the first cell that imports.
  const { emitWarning } = process
  process.emitWarning = () => {}
  void importer('node:module')
  process.emitWarning = emitWarning
  return importer
}

type Imported = { readonly module: unknown } | { readonly error: unknown }

async function importFor(load: () => Promise<unknown>): Promise<Imported> {
  try {
    const namespace = (await load()) as object
    // The compiler would take a module without this mark for a default export.
    const module = Object.defineProperties({}, { __esModule: { value: true } })
    for (const name of Object.keys(namespace))
      Object.defineProperty(module, name, { enumerable: true, get: () => (namespace as never)[name] })
    return { module }
  } catch (error) {
    return { error }
  }
}

/** As `import()` gives a CommonJS module. */
function namespaceOf(value: unknown): unknown {
  const isModule = Object(value).__esModule === true || Object(value)[Symbol.toStringTag] === 'Module'
  return isModule ? value : { ...Object(value), default: value }
}

const isRelative = (id: string) => /^\.{0,2}\//.test(id) || id === '.' || id === '..'
const fileUrl = (root: string, id: string) => pathToFileURL(resolve(root, id)).href

/** Errors of `require` for modules that `import()` can load. */
function needsImport(error: unknown): boolean {
  const { code } = Object(error) as { code?: string }
  return code === 'ERR_REQUIRE_ESM' || code === 'ERR_REQUIRE_ASYNC_MODULE' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
}
