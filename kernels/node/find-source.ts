import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Of files that Node loaded with their source maps; see launch.ts. */
export function findSource(script: string, line: number, column: number): string | null {
  const path = script.startsWith('file://') ? fileURLToPath(script) : script
  const entry = (findSourceMap(path) ?? findSourceMap(script))?.findEntry(line - 1, column - 1)
  if (!entry || !('originalLine' in entry)) return null
  const original = fileURLToPath(new URL(entry.originalSource, `file://${path}`))
  return `${original}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}
