export { lesson } from './lesson.js'

import type { Modules } from './lesson.js'

/** All files below a folder. */
export async function list({ 'neomesh/files': files }: Modules, { folder }: { folder: string }): Promise<string[]> {
  const found: string[] = []
  const visit = async (at: string) => {
    for (const entry of await files.readFolder(at))
      if (entry.isDirectory()) await visit(`${at}/${entry.name}`)
      else found.push(`${at}/${entry.name} ${(await files.stat(`${at}/${entry.name}`)).size}`)
  }
  await visit(folder)
  return found
}
