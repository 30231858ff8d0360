/**
 * LoRA adapters in PEFT's format: adapter_config.json, and adapter_model.safetensors with lora_A.weight [rank, in] and
 * lora_B.weight [out, rank] of each module. Source: peft tuners/lora/layer.py, config.py, utils/save_and_load.py.
 */
import { z } from 'zod'
import type { SavedVariable } from '../../checkpoint/index.js'
import { FileError, isFile, join, openSafetensors, readJson, sha256File } from '../../files/index.js'
import { LORA_A, LORA_B } from '../../model/index.js'
import type { AdapterPair, OpenAdapter } from '../adapter.js'
import { counterparts } from './names.js'
import { floatsOf } from './open.js'
import { bareName } from './prefixes.js'
import { transpose } from './transpose.js'

export const CONFIG = 'adapter_config.json'
export const WEIGHTS = 'adapter_model.safetensors'

const schema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().min(1),
  lora_alpha: z.number(),
  lora_dropout: z.number().default(0),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  bias: z.string().default('none'),
  fan_in_fan_out: z.boolean().default(false),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
})

export async function isPeft(folder: string): Promise<boolean> {
  return isFile(join(folder, CONFIG))
}

/** Opens a folder that PEFT's save_pretrained wrote for GPT-Neo. Throws FileError for what it cannot express. */
export async function openPeft(folder: string): Promise<OpenAdapter> {
  const path = join(folder, CONFIG)
  const parsed = schema.safeParse(await readJson(path))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new FileError(
      `${path} must be the config of a LoRA adapter (${issue.path.join('.')}: ${issue.message})`,
      path,
    )
  }
  const { r: rank, lora_alpha, lora_dropout, use_rslora, ...rest } = parsed.data
  const unsupported = [
    rest.use_dora && 'use_dora',
    rest.bias !== 'none' && 'bias',
    rest.fan_in_fan_out && 'fan_in_fan_out',
    Object.keys(rest.rank_pattern ?? {}).length > 0 && 'rank_pattern',
    Object.keys(rest.alpha_pattern ?? {}).length > 0 && 'alpha_pattern',
    (rest.modules_to_save ?? []).length > 0 && 'modules_to_save',
  ].find((key) => typeof key === 'string')
  if (unsupported !== undefined)
    throw new FileError(
      `${path}: ${unsupported} is not supported. Merge the adapter with PEFT's merge_and_unload`,
      path,
    )
  const file = join(folder, WEIGHTS)
  if (!(await isFile(file)))
    throw new FileError(`${folder} must have ${WEIGHTS} (got none). Save the adapter with safetensors`, folder)
  const weights = await openSafetensors(file)
  try {
    const pairs = new Map<string, AdapterPair>()
    for (const name of weights.tensors.keys()) {
      const found = /^(?:base_model\.model\.)?(.*)\.lora_A\.weight$/.exec(name)
      if (found === null) {
        if (/\.lora_B\.weight$/.test(name)) continue
        throw new FileError(`${file} has a tensor "${name}", which is not of a linear layer's adapter`, file)
      }
      const matrix = matrixOf(bareName(found[1]))
      if (matrix === undefined)
        throw new FileError(`${file} has an adapter of "${found[1]}", which GPT-Neo does not have`, file)
      const variable = (their: string, own: string): SavedVariable => {
        const entry = weights.tensors.get(their)
        if (entry === undefined) throw new FileError(`${file} must have a tensor "${their}" (got none)`, file)
        const [rows, columns] = entry.shape
        return {
          name: `${matrix}/${own}`,
          shape: [columns, rows],
          data: async () => transpose(floatsOf(await weights.read(their)), rows, columns),
        }
      }
      pairs.set(matrix, { a: variable(name, LORA_A), b: variable(name.replace('.lora_A.', '.lora_B.'), LORA_B) })
    }
    const scale = lora_alpha / (use_rslora ? Math.sqrt(rank) : rank)
    const identity = () => sha256File(file)
    return { folder, rank, scale, dropout: lora_dropout, pairs, identity, close: () => weights.close() }
  } catch (cause) {
    await weights.close()
    throw cause
  }
}

/** The matrices of linear layers in a model of N layers, under both names. */
export const linearLayers = (layers: number) =>
  counterparts({ n_vocab: 1, n_ctx: 1, n_embd: 1, n_layer: layers }).filter(({ transposed }) => transposed)

/** GPT-Neo's name of the matrix of a linear module, such as h.3.attn.attention.q_proj. */
function matrixOf(module: string): string | undefined {
  const layer = /^h\.(\d+)\./.exec(module)?.[1]
  const first = linearLayers(1).find(
    ({ theirs }) => theirs.replace(/\.weight$/, '') === module.replace(/^h\.\d+\./, 'h.0.'),
  )
  return first?.name.replace('/h0/', `/h${layer}/`)
}
