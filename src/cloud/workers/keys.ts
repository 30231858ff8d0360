/**
 * The ssh key: that of gcloud, ~/.ssh/google_compute_engine, or the one that an environment variable names; it is made if it
 * does not exist.
 */
import { spawnSync } from 'node:child_process'
import { homedir, userInfo } from 'node:os'
import { isFile, join, makeFolder, readText } from '../../files/index.js'
import { CloudError } from '../error.js'

/** Environment variable: path of the private key to use instead of gcloud's. */
export const KEY_FILE = 'NEOMESH_TPU_KEY'

export function keyFile(): string {
  return process.env[KEY_FILE] || join(homedir(), '.ssh/google_compute_engine')
}

/** The name under which workers know this user. */
export function remoteUser(): string {
  const name = userInfo()
    .username.toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
  return name === 'root' ? 'neomesh' : name // sshd does not let root in
}

/** The public key as the metadata of a TPU has it, `USER:ssh-rsa ...`; a placeholder if there is none and none is to be made. */
export async function localKey({ make }: { readonly make: boolean }): Promise<string> {
  const file = keyFile()
  if (!(await isFile(`${file}.pub`))) {
    if (!make) return `${remoteUser()}:(public key of ${file}, made by ssh-keygen)`
    await makeFolder(join(file, '..'))
    const args = ['-t', 'rsa', '-b', '3072', '-N', '', '-C', remoteUser(), '-f', file, '-q']
    const { status, error, stderr } = spawnSync('ssh-keygen', args, { encoding: 'utf8' })
    if (status !== 0)
      throw new CloudError(
        'package',
        `cannot make the ssh key ${file}: ${error ? 'ssh-keygen is not installed' : stderr.trim().split('\n').at(-1)}. Install OpenSSH's client, or make the key yourself`,
      )
  }
  return `${remoteUser()}:${(await readText(`${file}.pub`)).trim()}`
}
