import { readlink, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Maximum number of links, as in Linux. */
const MAX_LINKS = 40

/**
 * The target of a symbolic link, also if it does not exist yet; the path itself if it is not a link. A rename onto a link
 * would replace the link, so atomic writes rename onto its target. Rejects with ELOOP.
 */
export async function followLinks(path: string): Promise<string> {
  let at = path
  for (let links = 0; links < MAX_LINKS; links++) {
    const to = await readlink(at).catch(() => undefined)
    if (to === undefined) return at
    at = resolve(await realpath(dirname(at)), to)
  }
  throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' })
}
