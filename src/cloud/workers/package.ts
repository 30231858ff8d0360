import { spawnSync } from 'node:child_process'
import {
  FileError,
  join,
  makeFolder,
  packageFolder,
  readFolder,
  remove,
  sha256File,
  userFolder,
} from '../../files/index.js'

/** The package as npm packs it, for workers. */
export interface Package {
  readonly file: string
  readonly sha256: string
}

/** Packs this installation into a folder of the user's cache. Throws FileError. */
export async function packPackage(id: string): Promise<Package> {
  const folder = join(userFolder(), 'tpu', `${id}.package`)
  await remove(folder)
  await makeFolder(folder)
  const args = ['pack', packageFolder, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error']
  const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8', cwd: folder })
  const made = status === 0 ? (await readFolder(folder)).find(({ name }) => name.endsWith('.tgz')) : undefined
  if (made === undefined)
    throw new FileError(
      `npm pack of ${packageFolder} must succeed (${error?.message ?? stderr.trim().split('\n').at(-1)}). Check that npm is on PATH, and the disk`,
      packageFolder,
    )
  const file = join(folder, made.name)
  return { file, sha256: await sha256File(file) }
}

/** Removes what packPackage made. */
export async function removePackage(id: string): Promise<void> {
  await remove(join(userFolder(), 'tpu', `${id}.package`))
}
