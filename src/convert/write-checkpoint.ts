/** Writes imported variables as a checkpoint of ours, with a tokenizer beside them if there is one. */
import type { ModelConfig } from '../config/index.js'
import { join, sha256, writeFileAtomic, writeFolderAtomic } from '../files/index.js'
import { isTokenizer, tokenizerJson } from '../tokenizer/index.js'
import { saveCheckpoint, type SavedVariable } from '../checkpoint/index.js'

/** What a checkpoint holds beside its variables. */
export interface CheckpointMeta {
  readonly config: ModelConfig
  readonly step: number
  readonly tokens: number
  /** Path or name of the tokenizer. */
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
    const json = tokenizer === undefined ? undefined : await tokenizerJson(tokenizer)
    await saveCheckpoint(folder, variables, { ...about, ...(json && { tokenizer: sha256(json) }) })
    if (json) await writeFileAtomic(join(folder, 'tokenizer.json'), json)
  })
}

/** The tokenizer of a folder, as `tokenizer` of CheckpointMeta; undefined if it has none. */
export async function tokenizerIn(folder: string): Promise<string | undefined> {
  return (await isTokenizer(folder)) ? folder : undefined
}
