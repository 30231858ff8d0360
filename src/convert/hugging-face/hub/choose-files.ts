/** Which files of a repository make up a model. */
import { FileError } from '../../../files/index.js'
import { indexFile, singleFile } from '../weights.js'

/** A file of a repository. */
export interface HubFile {
  readonly path: string
  readonly size: number
  /** Checksum of its content. */
  readonly checksum: { readonly kind: 'sha256' | 'git'; readonly hex: string }
}

const SHARD = /^model-\d+-of-\d+\.safetensors$/
/** The config and the files of a tokenizer. */
const BESIDE = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'encoder.json',
  'vocab.bpe',
])

/** The files to download, small ones first. Throws FileError for weights that are not in safetensors. */
export function chooseFiles(name: string, files: readonly HubFile[]): HubFile[] {
  const paths = new Set(files.map(({ path }) => path))
  if (!paths.has('config.json'))
    throw new FileError(`${name} must have a config.json, as models of transformers do (it has none)`, name)
  const single = paths.has(singleFile)
  const isWeight = (path: string) => (single ? path === singleFile : path === indexFile || SHARD.test(path))
  if (!single && !paths.has(indexFile)) throw noSafetensors(name, [...paths])
  return files.filter(({ path }) => BESIDE.has(path) || isWeight(path)).sort((a, b) => a.size - b.size)
}

function noSafetensors(name: string, paths: readonly string[]): FileError {
  const pickle = paths.find((path) => /^pytorch_model.*\.bin(\.index\.json)?$/.test(path))
  if (pickle === undefined)
    return new FileError(
      `${name} must have its weights in safetensors (got neither ${singleFile} nor ${indexFile})`,
      name,
    )
  const folder = name.split('/')[1]
  return new FileError(
    `${name} must have its weights in safetensors (got ${pickle}, a torch pickle, which can run code). Convert it in ` +
      `Python: from transformers import AutoModelForCausalLM, AutoTokenizer; AutoModelForCausalLM.from_pretrained(` +
      `${JSON.stringify(name)}).save_pretrained(${JSON.stringify(folder)}); AutoTokenizer.from_pretrained(` +
      `${JSON.stringify(name)}).save_pretrained(${JSON.stringify(folder)}). Then: neomesh import hf ${folder}`,
    name,
  )
}
