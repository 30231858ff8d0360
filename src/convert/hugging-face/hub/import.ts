/** A model of the hub as a checkpoint: what `neomesh import hf OWNER/NAME` does. */
import { importHf } from '../import.js'
import type { ConvertOptions, ConvertTotals } from '../../variables.js'
import { downloadModel, type DownloadOptions } from './download.js'

export interface ImportFromHubOptions extends ConvertOptions, Pick<DownloadOptions, 'revision' | 'cache'> {
  readonly onDownload?: DownloadOptions['onProgress']
}

/**
 * Downloads a GPT-Neo of the hub (see `downloadModel`) and writes it as a checkpoint of ours, with its tokenizer. Throws
 * ConfigError, FileError, or the signal's reason.
 */
export async function importFromHub(
  name: string,
  output: string,
  { onDownload, revision, cache, ...options }: ImportFromHubOptions = {},
): Promise<ConvertTotals> {
  const { signal } = options
  const { folder, commit, notes } = await downloadModel(name, { revision, cache, signal, onProgress: onDownload })
  const totals = await importHf(folder, output, options)
  return { ...totals, notes: [...notes, `${name} at commit ${commit}`, ...totals.notes] }
}
