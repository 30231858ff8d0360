/** A recorded case of the original GPT-Neo: NAME.json and NAME.safetensors. */
import { inspectModelConfig, parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { openSafetensors, type SafetensorsFile } from '../../src/files/index.js'
import { openCaseFile, type CaseFile } from './case-file.js'

export interface Golden {
  readonly name: string
  readonly config: ModelConfig
  readonly recorded: Recorded
  /** Known mistakes of the original that the numbers contain; then it is run under compat "gpt-neo". */
  readonly mistakes: readonly string[]
  readonly file: Pick<SafetensorsFile, 'tensors' | 'read'>
  floats(name: string): Promise<Float32Array>
  /** What a variable starts from. */
  start(variable: string, shape: readonly number[]): Promise<Float32Array>
  close(): Promise<void>
}

export interface Recorded {
  readonly config: Readonly<Record<string, any>>
  readonly num_microbatches: number
  /** Per step. A number that is null was NaN. */
  readonly loss: readonly (number | null)[]
  readonly learning_rate: readonly number[]
  readonly grad_norm?: readonly (number | null)[]
  readonly eval_loss?: number | null
}

/** Opens a case, with or without its .json. */
export async function openGolden(path: string): Promise<Golden> {
  return openSteps(await openCaseFile(path))
}

export async function openSteps({ path, name, json }: CaseFile): Promise<Golden> {
  const about = goldenOf(name, json as Recorded)
  const file = await openSafetensors(path.replace(/json$/, 'safetensors'))
  const floats = async (tensor: string) => {
    const { data } = await file.read(tensor)
    return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
  }
  const start = (variable: string) => floats(`init/${variable}`)
  return { ...about, file, floats, start, close: () => file.close() }
}

/** A case's config as it is read here: under compat "gpt-neo" if the numbers contain mistakes of the original. */
export function goldenOf(name: string, recorded: Recorded): Pick<Golden, 'name' | 'config' | 'recorded' | 'mistakes'> {
  const keys = {
    ...recorded.config,
    // The recorded tokens are inputs and labels as they are: nothing is masked.
    ...(recorded.config.mlm_training &&
      recorded.config.mlm_mask_id === undefined && { mlm_mask_id: recorded.config.n_vocab - 1 }),
  }
  const mistakes = [
    ...mistakesIn(recorded),
    ...inspectModelConfig(keys).problems.map((problem) => `read as the original reads it: ${problem}`),
  ]
  const { config } = parseModelConfig({ ...keys, ...(mistakes.length > 0 && { compat: 'gpt-neo' }) }, name)
  return { name, config, recorded, mistakes }
}

function mistakesIn({ config, num_microbatches: parts }: Recorded): string[] {
  const kinds = ((config.attention_types as [string[], number][] | undefined) ?? []).flatMap(([names]) => names)
  const mixed = config.moe_layers?.length > 0
  return [
    ...(kinds.includes('none') ? ['a layer without attention doubles the stream'] : []),
    ...(mixed && parts > 1 ? ['the balance loss is divided by the microbatches twice'] : []),
    ...(config.mlm_training ? ['the mean is over all tokens, masked or not'] : []),
    ...(config.entmax_loss ? ['a probability of 0 makes the loss NaN'] : []),
    ...(config.rotary_emb === false ? ['rotary_emb false turns it on'] : []),
    ...(config.precision === 'bfloat16' ? ['sums, decay and rotary tables are rounded'] : []),
  ]
}
