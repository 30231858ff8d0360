import { loadTokenizer, type Tokenizer } from '../tokenizer/index.js'

/** Loads a tokenizer by path or name; parts of its files that are not applied are printed to standard error. */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(path)
  for (const note of tokenizer.notes) process.stderr.write(`neomesh: note: ${note}\n`)
  return tokenizer
}
