/** A download on this machine, which a later one continues where it ended. */
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './atomic-file.js'
import { withFileErrors } from '../error.js'
import type { PartialFile } from '../file-system.js'
import { makeFolder } from './make-folder.js'

/** Opens a partial file, or makes it with its folder. Throws FileError. */
export async function openPartialFile(path: string): Promise<PartialFile> {
  await makeFolder(dirname(path))
  const file = await withFileErrors('write', path, () => open(path, 'a'))
  let { size } = await file.stat()
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await file.close()
  }
  return {
    get size() {
      return size
    },
    append: (bytes) =>
      withFileErrors('write', path, async () => {
        await file.appendFile(bytes)
        size += bytes.length
      }),
    close,
    commit: (target) =>
      withFileErrors('write', target, async () => {
        await file.sync()
        await close()
        await makeFolder(dirname(target))
        await rename(path, target)
        await syncFolder(dirname(target))
      }),
  }
}
