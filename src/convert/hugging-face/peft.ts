/** Adapters to and from PEFT's folders: `neomesh export peft` and `import peft`. */
import { findCheckpoint, openCheckpoint, saveCheckpoint, type SavedVariable } from '../../checkpoint/index.js'
import type { ModelConfig } from '../../config/index.js'
import { FileError, join, resolve, writeFileAtomic, writeFolderAtomic, writeSafetensors } from '../../files/index.js'
import { adapterOf } from '../adapter.js'
import { openModel } from '../open-model.js'
import { sumOfElements, withProgress, type ConvertOptions, type ConvertTotals } from '../variables.js'
import { CONFIG, linearLayers, openPeft, WEIGHTS } from './peft-adapter.js'
import { transpose } from './transpose.js'

/**
 * Writes the adapters of a run or a checkpoint as a folder that PEFT's from_pretrained reads. Throws FileError, also for
 * adapters of what is not a linear layer of Hugging Face's GPT-Neo.
 */
export async function exportPeft(path: string, output: string, options: ConvertOptions = {}): Promise<ConvertTotals> {
  const checkpoint = await openCheckpoint(await findCheckpoint(path))
  try {
    const { base } = checkpoint.manifest
    if (base === undefined) throw new FileError(`${path} must hold adapters (got a whole model). Use export hf`, path)
    const { rank, scale, dropout, pairs } = adapterOf(checkpoint)
    const { n_layer } = checkpoint.config
    const modules = new Map(linearLayers(n_layer).map(({ name, theirs }) => [name, theirs.replace(/\.weight$/, '')]))
    const tensors = [...pairs].flatMap(([matrix, { a, b }]) => {
      const module = modules.get(matrix)
      if (module === undefined)
        throw new FileError(`${path} has an adapter of "${matrix}", which PEFT cannot express for GPT-Neo`, path)
      return [tensor(`${module}.lora_A`, a), tensor(`${module}.lora_B`, b)]
    })
    return await writeFolderAtomic(output, { mayReplace: () => false }, async (folder) => {
      const writable = withProgress(tensors, options).map((each) => ({
        ...each,
        dtype: 'F32' as const,
        async data() {
          const floats = await each.data()
          return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
        },
      }))
      await writeSafetensors(join(folder, WEIGHTS), writable, { metadata: { format: 'pt' } })
      const json = {
        base_model_name_or_path: base.path,
        bias: 'none',
        fan_in_fan_out: false,
        inference_mode: true,
        init_lora_weights: true,
        lora_alpha: scale * rank,
        lora_dropout: dropout,
        modules_to_save: null,
        peft_type: 'LORA',
        r: rank,
        target_modules: targetsOf(
          [...pairs.keys()].map((matrix) => modules.get(matrix)!),
          n_layer,
        ),
        task_type: 'CAUSAL_LM',
      }
      await writeFileAtomic(join(folder, CONFIG), `${JSON.stringify(json, null, 2)}\n`)
      const parameters = sumOfElements(tensors)
      return { output, tensors: tensors.length, parameters, bytes: 4 * parameters, notes: [] }
    })
  } finally {
    await checkpoint.close()
  }
}

function tensor(name: string, { shape: [rows, columns], data }: SavedVariable): SavedVariable {
  return {
    name: `base_model.model.transformer.${name}.weight`,
    shape: [columns, rows],
    data: async () => transpose(await data(), rows, columns),
  }
}

/** Names of modules as PEFT matches them, by their ends: short ones where all layers have them. */
function targetsOf(modules: readonly string[], layers: number): string[] {
  const short = (module: string) => module.split('.').at(-1)!
  const counts = new Map<string, number>()
  for (const module of modules) counts.set(short(module), (counts.get(short(module)) ?? 0) + 1)
  return [...new Set(modules.map((module) => (counts.get(short(module)) === layers ? short(module) : module)))].sort()
}

/** Writes a PEFT folder as a checkpoint of adapters of a model. Throws FileError. */
export async function importPeft(
  folder: string,
  base: string,
  output: string,
  options: ConvertOptions = {},
): Promise<ConvertTotals> {
  const adapter = await openPeft(folder)
  try {
    const model = await openModel(base)
    try {
      const matrices = [...adapter.pairs.keys()]
      const config: ModelConfig = {
        ...model.config,
        lora_rank: adapter.rank,
        lora_alpha: adapter.scale * adapter.rank,
        lora_dropout: adapter.dropout,
        lora_targets: patternsOf(matrices, model.config.n_layer),
      }
      const variables = [...adapter.pairs.values()].flatMap(({ a, b }) => [a, b])
      const about = {
        config,
        step: 0,
        tokens: 0,
        tokenizer: model.tokenizerHash,
        base: { path: resolve(model.folder), sha256: await model.identity() },
      }
      await saveCheckpoint(output, withProgress(variables, options), about)
      const parameters = sumOfElements(variables)
      return { output, tensors: variables.length, parameters, bytes: 4 * parameters, notes: [] }
    } finally {
      await model.close()
    }
  } finally {
    await adapter.close()
  }
}

/** Patterns of lora_targets that match these matrices. */
function patternsOf(matrices: readonly string[], layers: number): string[] {
  const ending = (name: string) => name.replace(/^gpt2\/h\d+/, '')
  const counts = new Map<string, number>()
  for (const name of matrices) counts.set(ending(name), (counts.get(ending(name)) ?? 0) + 1)
  return [...new Set(matrices.map((name) => `${counts.get(ending(name)) === layers ? ending(name) : name}$`))]
}
