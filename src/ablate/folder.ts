/** The folder of an ablation, on text or on tasks. */
import { FileError, findUnexpectedEntry, isFile, join, makeFolder, readJson, writeFileAtomic } from '../files/index.js'

/** A file that tells an ablation's folder from others, and what it was started with. */
const MARKER = 'ablation.json'

/**
 * Throws FileError for a folder that is neither empty nor an ablation's.
 * @param expected what may be there before the marker is
 */
export async function refuseForeign(out: string, expected: readonly string[]): Promise<void> {
  const foreign = await findUnexpectedEntry(out, { marker: MARKER, expected: [...expected] })
  if (foreign !== undefined)
    throw new FileError(`${out} must be an ablation's folder or empty (it holds "${foreign}"). Use another --out`, out)
}

/** Makes the folder with a marker that states `settings`; gives what the marker states if it is there. */
export async function openFolder(out: string, settings: object): Promise<unknown> {
  await makeFolder(out)
  const path = join(out, MARKER)
  if (await isFile(path)) return readJson(path)
  await writeFileAtomic(path, `${JSON.stringify(settings, null, 1)}\n`)
  return settings
}
