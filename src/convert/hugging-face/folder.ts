/** What a folder holds that is not a Hugging Face model in safetensors, and what to do with it. */
import {
  FileError,
  hubHint,
  isFile,
  isFolder,
  join,
  pickleRemedy,
  readFolder,
  withFileErrors,
} from '../../files/index.js'

/** Throws FileError unless there is a folder with a config.json: for a file, a hub name, an adapter, a checkpoint. */
export async function checkFolder(folder: string): Promise<void> {
  if (!(await isFolder(folder))) {
    if (await isFile(folder))
      throw new FileError(
        `${folder} must be a folder with config.json and weights (got a file). Give its folder`,
        folder,
      )
    throw new FileError(
      `cannot open ${folder}: it does not exist. Check the path, which is relative to the current directory (ENOENT)` +
        hubHint(folder),
      folder,
      'ENOENT',
    )
  }
  if (await isFile(join(folder, 'config.json'))) return
  throw (await otherContent(folder)) ?? missing(folder, 'no config.json')
}

/** The error for a folder that has no weights in safetensors. */
export async function noWeights(folder: string, wanted: string): Promise<FileError> {
  return (await otherContent(folder)) ?? missing(folder, wanted)
}

export function adapterError(folder: string, found: string): FileError {
  const name = JSON.stringify(folder)
  return new FileError(
    `${folder} must hold a whole model (got a LoRA adapter: ${found}). Merge it in Python: from peft import ` +
      `AutoPeftModelForCausalLM; AutoPeftModelForCausalLM.from_pretrained(${name}).merge_and_unload()` +
      `.save_pretrained(${JSON.stringify(`${folder}-merged`)})`,
    folder,
  )
}

function missing(folder: string, wanted: string): FileError {
  return new FileError(`${folder} has ${wanted}. Give a folder that transformers saved`, folder, 'ENOENT')
}

/** Files by which other kinds of folders are known, the surest first. */
const others: readonly [name: RegExp, error: (folder: string, name: string) => FileError][] = [
  [/^adapter_(config\.json|model\.(safetensors|bin))$/, adapterError],
  [
    /^pytorch_model.*\.bin(\.index\.json)?$/,
    (folder, name) =>
      new FileError(
        `${folder} must have its weights in safetensors (got ${name}, a torch pickle). ${pickleRemedy(folder)}`,
        folder,
      ),
  ],
  [
    /\.(pt|pth|ckpt)$/,
    (folder, name) =>
      new FileError(
        `${folder} must have its weights in safetensors (got ${name}, as torch saves it). Load it in Python into ` +
          "transformers' GPTNeoForCausalLM, and save that with save_pretrained",
        folder,
      ),
  ],
  [
    /^(checkpoint|.+\.index|.+\.data-\d{5}-of-\d{5})$/,
    (folder) =>
      new FileError(
        `${folder} must be a Hugging Face folder (got a TensorFlow checkpoint). Import it: neomesh import tf ${folder}`,
        folder,
      ),
  ],
  [
    /^(manifest\.json|checkpoints)$/,
    (folder) =>
      new FileError(
        `${folder} must be a Hugging Face folder (got a checkpoint or a run of neomesh). Use it as it is`,
        folder,
      ),
  ],
  [
    /\.(gguf|ggml)$/,
    (folder, name) =>
      new FileError(
        `${folder} must have its weights in safetensors (got ${name}, a GGUF model of llama.cpp). Download the model's ` +
          'safetensors instead',
        folder,
      ),
  ],
  [
    /^(tf_model\.h5|flax_model\.msgpack|.+\.(h5|onnx|npz|npy|msgpack))$/,
    (folder, name) =>
      new FileError(
        `${folder} must have its weights in safetensors (got ${name}). Download the model's safetensors instead`,
        folder,
      ),
  ],
]

async function otherContent(folder: string): Promise<FileError | undefined> {
  const entries = await withFileErrors('list the folder', folder, () => readFolder(folder))
  for (const [pattern, error] of others) {
    const found = entries.find(({ name }) => pattern.test(name))
    if (found !== undefined) return error(folder, found.name)
  }
  return undefined
}
