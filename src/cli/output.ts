import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FileError, isFolder, refuseDevice, withFileErrors } from '../files/index.js'

/** Finds out before long work that its result could not be written. Throws FileError. */
export async function checkOutputFile(path: string): Promise<void> {
  if (await isFolder(path)) throw new FileError(`cannot write ${path}: it is a folder. Give the path of a file`, path)
  await refuseDevice(path)
  await withFileErrors('write', path, async () => {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const there = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT' && folder !== dirname(folder)) return undefined
        throw cause
      })
      if (there?.isDirectory()) return access(folder, constants.W_OK)
      if (there) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    }
  })
}
