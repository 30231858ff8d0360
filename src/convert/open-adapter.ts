import { findCheckpoint, openCheckpoint } from '../checkpoint/index.js'
import { FileError, isFile, join } from '../files/index.js'
import { adapterOf, type OpenAdapter } from './adapter.js'
import { isPeft, openPeft } from './hugging-face/peft-adapter.js'

/** Opens the adapter of a run, of a checkpoint, or of a PEFT folder. Throws FileError, ConfigError. */
export async function openAdapter(path: string): Promise<OpenAdapter> {
  if (await isPeft(path)) return openPeft(path)
  const folder = (await isFile(join(path, 'manifest.json'))) ? path : await findCheckpoint(path)
  const checkpoint = await openCheckpoint(folder)
  if (checkpoint.manifest.base !== undefined) return adapterOf(checkpoint)
  await checkpoint.close()
  throw new FileError(
    `${folder} must hold adapters (got a whole model). Give a run that was trained with lora_rank`,
    path,
  )
}
