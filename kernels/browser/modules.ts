/** What cells import in a browser: what the worker has. There is no disk, so other packages must be in the bundle. */
import type { Modules, Require } from '../core/cells.js'
import type { SideOutput } from '../core/tslab.js'
import { ROOT } from './compiler-files.js'

/**
 * `given`: modules by specifier. `scripts`: addresses of packages, each a CommonJS script that is loaded when a cell first asks
 * for it.
 */
export function createModules(
  given: Readonly<Record<string, unknown>>,
  scripts: Readonly<Record<string, URL>>,
): Modules {
  const outputs = new Map<string, string>()
  const loaded = new Map<string, { exports: unknown }>()

  const requireFrom = (folder: string): Require => {
    return (id) => {
      const name = id.replace(/^node:/, '')
      if (Object.hasOwn(given, name)) return given[name]
      if (Object.hasOwn(scripts, name)) return runScript(scripts[name].href)
      if (/^\.{0,2}\//.test(id)) return runLocal(fileOf(folder, id))
      throw Object.assign(
        new Error(
          `package '${id}' must be one of those that this page has (${Object.keys({ ...given, ...scripts })
            .sort()
            .join(', ')}). ` + 'Import another, or run the notebook on a computer, where `npm install` adds packages',
        ),
        { code: 'MODULE_NOT_FOUND' },
      )
    }
  }
  const fileOf = (folder: string, id: string) => {
    const path = new URL(id, `file://${folder}`).pathname
    return /\.[jt]s$/.test(path) ? path.replace(/\.ts$/, '.js') : `${path}.js`
  }
  const runScript = (address: string): unknown => {
    const known = loaded.get(address)
    return known ? known.exports : run(address, fetchScript(address))
  }
  /** A module that a cell made with `@module`. */
  const runLocal = (file: string): unknown => {
    const known = loaded.get(file)
    if (known) return known.exports
    const text = outputs.get(file)
    if (text === undefined)
      throw Object.assign(
        new Error(`module '${file.replace(ROOT, './')}' must be made by a cell (there is none). Run that cell`),
        {
          code: 'MODULE_NOT_FOUND',
        },
      )
    return run(file, text)
  }
  const run = (file: string, text: string): unknown => {
    const module = { exports: {} as unknown }
    loaded.set(file, module)
    try {
      const evaluate = eval as (code: string) => (exports: unknown, require: Require, module: object) => void
      const start = evaluate(`(function (exports, require, module) { ${text}\n})\n//# sourceURL=${file}`)
      start(module.exports, requireFrom(file.slice(0, file.lastIndexOf('/') + 1)), module)
    } catch (error) {
      loaded.delete(file)
      throw error
    }
    return module.exports
  }
  return {
    require: requireFrom(ROOT),
    add(made: readonly SideOutput[]) {
      for (const { path, data } of made) {
        outputs.set(path, data)
        loaded.delete(path)
      }
    },
    prepare: async () => {},
    load: async (require, id) => {
      const value = require(String(id))
      return Object(value).__esModule === true || Object(value)[Symbol.toStringTag] === 'Module'
        ? value
        : { ...Object(value), default: value }
    },
  }
}

/** At once, as `require` does not wait. */
function fetchScript(address: string): string {
  const request = new XMLHttpRequest()
  request.open('GET', address, false)
  try {
    request.send()
  } catch {
    throw new Error(`${address} must be reachable (the network failed). Connect once; later it works without`)
  }
  if (request.status === 200) return request.responseText
  throw new Error(`${address} must be reachable (HTTP status ${request.status}). Load the page again`)
}
