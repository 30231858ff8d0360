import { readlink, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** As many as Linux follows. */
const MOST_LINKS = 40

/**
 * Where a symbolic link leads, also one to what is not there yet; the path itself if it is none. What replaces a file or
 * folder by a rename has to replace this one, for a rename onto a link replaces the link. Rejects with ELOOP.
 */
export async function followLinks(path: string): Promise<string> {
  let at = path
  for (let links = 0; links < MOST_LINKS; links++) {
    const to = await readlink(at).catch(() => undefined)
    if (to === undefined) return at
    at = resolve(await realpath(dirname(at)), to)
  }
  throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' })
}
