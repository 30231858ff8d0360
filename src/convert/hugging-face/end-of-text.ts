import { isFile, join, readJson } from '../../files/index.js'
import { isTokenizer, loadTokenizer } from '../../tokenizer/index.js'

/**
 * Id of the token that ends a text, of a Hugging Face folder: as generation_config.json, config.json and
 * tokenizer_config.json say it, in this order, which is that of transformers' generate(). Undefined if none of them names
 * one below `vocabSize`. Throws FileError for a file that is damaged.
 */
export async function endOfTextOf(folder: string, vocabSize: number): Promise<number | undefined> {
  for (const name of ['generation_config.json', 'config.json']) {
    const { eos_token_id: given } = await read(join(folder, name))
    const id: unknown = Array.isArray(given) ? given[0] : given
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabSize) return id as number
  }
  const { eos_token: token } = await read(join(folder, 'tokenizer_config.json'))
  const text: unknown = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token
  if (typeof text !== 'string' || !(await isTokenizer(folder))) return undefined
  const id = (await loadTokenizer(folder)).idOf(text)
  return id !== undefined && id < vocabSize ? id : undefined
}

async function read(path: string): Promise<Record<string, unknown>> {
  if (!(await isFile(path))) return {}
  const json = await readJson(path)
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
}
