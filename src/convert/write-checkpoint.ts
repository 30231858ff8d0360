/** Writes imported variables as a checkpoint of ours, with a tokenizer beside them if there is one. */
import type { ModelConfig } from '../config/index.js'
import {
  isFile,
  isFolder,
  join,
  readFile,
  remove,
  sha256,
  withFileErrors,
  writeFileAtomic,
  writeFolderAtomic,
} from '../files/index.js'
import { loadTokenizer, saveTokenizer } from '../tokenizer/index.js'
import { saveCheckpoint, type SavedVariable } from '../train/checkpoint.js'

/** What a checkpoint holds beside its variables. */
export interface CheckpointMeta {
  readonly config: ModelConfig
  readonly step: number
  readonly tokens: number
  /** A tokenizer.json, or a folder with vocab.json and merges.txt. */
  readonly tokenizer?: string
}

/** Writes the folder; it appears whole or not at all. Throws FileError if `output` is there and has something in it. */
export async function writeCheckpoint(
  output: string,
  variables: readonly SavedVariable[],
  meta: CheckpointMeta,
): Promise<void> {
  await writeFolderAtomic(output, { mayReplace: () => false }, async (folder) => {
    const { tokenizer, ...about } = meta
    const json = tokenizer === undefined ? undefined : await tokenizerJson(tokenizer, folder)
    await saveCheckpoint(folder, variables, { ...about, ...(json && { tokenizer: sha256(json) }) })
    if (json) await writeFileAtomic(join(folder, 'tokenizer.json'), json)
  })
}

/** The tokenizer of a folder, as `tokenizer` of CheckpointMeta; undefined if it has none. */
export async function tokenizerIn(folder: string): Promise<string | undefined> {
  const path = join(folder, 'tokenizer.json')
  if (await isFile(path)) return path
  const pair = await Promise.all(['vocab.json', 'merges.txt'].map((name) => isFile(join(folder, name))))
  return pair.every(Boolean) ? folder : undefined
}

/** The bytes of a tokenizer.json, or of one made from vocab.json and merges.txt, in `workFolder` for a moment. */
export async function tokenizerJson(path: string, workFolder: string): Promise<Buffer> {
  if (!(await isFolder(path))) return withFileErrors('read', path, () => readFile(path))
  const made = join(workFolder, 'tokenizer.json')
  await saveTokenizer(await loadTokenizer(path), made)
  const bytes = await readFile(made)
  await remove(made)
  return bytes
}
