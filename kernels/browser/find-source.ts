/** Source lines of the bundled library and kernel, from the source maps beside them. */
import type { FindSource } from '../core/locations.js'
import { readSourceMap, type SourceMap, type SourceMapJson } from '../core/source-map.js'
import { ROOT } from './compiler-files.js'

/** `base`: address of the folder with the scripts. A map is fetched when an error first passes through its script. */
export function createFindSource(base: string): FindSource {
  const maps = new Map<string, SourceMap | null>()
  return (script, line, column) => {
    if (!script.startsWith(base)) return null
    const address = script.replace(/[?#].*/, '')
    if (!maps.has(address)) maps.set(address, fetchMap(`${address}.map`))
    const original = maps.get(address)?.find(line - 1, column - 1)
    if (!original) return null
    const path = original.source.replace(/^(\.\.\/)+/, ROOT)
    return `${path}:${original.line + 1}:${original.column + 1}`
  }
}

/** At once: traces are made while an error is thrown. Null where it cannot be had, as without a network. */
function fetchMap(address: string): SourceMap | null {
  try {
    const request = new XMLHttpRequest()
    request.open('GET', address, false)
    request.send()
    return request.status === 200 ? readSourceMap(JSON.parse(request.responseText) as SourceMapJson) : null
  } catch {
    return null
  }
}
