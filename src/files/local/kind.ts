import { stat } from 'node:fs/promises'

/** Whether a path of this machine is a folder (a link to one counts). */
export async function isFolder(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined)
  return there?.isDirectory() ?? false
}
