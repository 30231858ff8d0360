/** What cells import as `neomesh` and `neomesh/ROOM`: the entries of the package, loaded before the first cell. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type Module = Readonly<Record<string, unknown>>
export type Entries = Readonly<Record<string, Module>> & { readonly neomesh: Module }

/** `root` is the folder of the package: its package.json names the entries. Cells `require`, which cannot load them itself. */
export async function loadEntries(root: string): Promise<Entries> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string } | string>
  }
  const loaded: [string, Module][] = []
  for (const [name, entry] of Object.entries(exports)) {
    if (typeof entry === 'string') continue
    loaded.push([`neomesh${name.slice(1)}`, (await import(pathToFileURL(join(root, entry.default)).href)) as Module])
  }
  return Object.fromEntries(loaded) as Entries
}
