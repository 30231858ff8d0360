/** Continuations of prompts at temperature 0, by cached sampling and by a full forward pass for each token. */
import { parseModelConfig } from '../../../src/config/index.js'
import { DeviceArray, jit } from '../../../src/engine/index.js'
import { generate, type LoadedModel } from '../../../src/generate/index.js'
import { GptNeo, type Parameters } from '../../../src/model/index.js'
import { dim, type Tensor } from '../../../src/tensor/index.js'
import { arrayFrom } from '../../../src/train/parameters.js'
import { openTensors, type CaseFile, type Workshop } from '../case-file.js'
import { recordedStart } from '../recorded-start.js'
import { Worst, type Verdict } from '../verdict.js'

interface Sampled {
  readonly name: string
  readonly config: Record<string, any>
  /** Tokens of each prompt. */
  readonly start: readonly number[]
  readonly error?: string
}

export async function* sampling(file: CaseFile, workshop: Workshop): AsyncGenerator<Verdict> {
  const tensors = await openTensors(file)
  for (const { name, config: keys, start, error } of file.json.cases as Sampled[]) {
    const worst = new Worst()
    const model = await lively(keys, workshop)
    // A crash left no record of its prompts, which are those of all cases.
    const given = tensors.has(`${name}/inputs`) ? name : file.json.cases[0].name
    const prompts = (await tensors.ids(`${given}/inputs`)).map((row, i) => row.slice(0, start[i]))
    // Where the original crashes, the two ways of sampling here are compared with each other.
    const recorded = error ? null : await tensors.ids(`${name}/outputs`)
    for (const [row, prompt] of prompts.entries()) {
      const wanted = recorded && continuation(recorded[row], prompt.length, keys)
      const count = wanted?.length ?? Math.min(model.config.n_ctx, keys.predict_max_steps ?? Infinity) - prompt.length
      const cached = await greedily(model, prompt, count, keys.eos_id)
      const whole = await byFullPasses(model, prompt, count, keys.eos_id)
      worst.exact('tokens', `row ${row}, ${cached} for ${wanted ?? whole}`, `${cached}` === `${wanted ?? whole}`)
      worst.exact('full passes', `row ${row}`, `${whole}` === `${cached}`)
    }
    for (const array of Object.values(model.parameters)) array.dispose()
    const remark = error && 'the original crashes: cached sampling is compared with full passes'
    yield { name: `${file.name}: ${name}`, measures: worst.measures, ...(remark && { remark }) }
  }
  await tensors.close()
}

/**
 * New tokens of a recorded row, which begins with the prompt unless remove_partial_sequences cut that off. A row that is
 * done goes on in the original until all are; here it ends with its first end of text.
 */
function continuation(row: readonly number[], from: number, keys: Record<string, any>): number[] {
  const written = row.slice(0, row.findLastIndex((id) => id !== (keys.padding_id ?? 0)) + 1)
  const made = keys.remove_partial_sequences ? written : written.slice(from)
  const stop = made.indexOf(keys.eos_id)
  return stop < 0 ? made : made.slice(0, stop + 1)
}

async function lively(keys: Record<string, unknown>, { engine }: Workshop): Promise<LoadedModel> {
  const { config } = parseModelConfig({ ...keys, compat: 'gpt-neo' })
  const on = await engine()
  const model = new GptNeo(config)
  const parameters: Record<string, DeviceArray> = {}
  for (const spec of model.specs)
    parameters[spec.name] = await arrayFrom(on, spec, null, async (variable, shape) => {
      const values = recordedStart(variable, shape)
      return /\/(wte|wpe)$/.test(variable) ? values.map((x) => x * Math.fround(0.3)) : values
    })
  return { engine: on, config, model, parameters }
}

async function greedily(model: LoadedModel, prompt: readonly number[], count: number, stop: number) {
  const found: number[] = []
  for await (const [id] of generate(model, [prompt], { temperature: 0, maxTokens: count, stopIds: [stop] }))
    if (id !== null) found.push(id)
  return found
}

async function byFullPasses(
  { engine, config, model, parameters }: LoadedModel,
  prompt: readonly number[],
  count: number,
  stop: number,
) {
  const program = jit(engine, (p: Parameters, ids: Tensor<'batch' | 'sequence'>) => model.logits(p, ids))
  const ids = [...prompt]
  while (ids.length < prompt.length + count && (ids.length === prompt.length || ids.at(-1) !== stop)) {
    const filled = Int32Array.from({ length: config.n_ctx }, (_, at) => ids[at] ?? config.padding_id ?? 0)
    const given = DeviceArray.from(engine, filled, [dim('batch', 1), dim('sequence', config.n_ctx)], 'i32')
    const all = await (await program(parameters, given)).readFloats()
    ids.push(largest(all.subarray((ids.length - 1) * config.n_vocab, ids.length * config.n_vocab)))
    given.dispose()
  }
  program.dispose()
  return ids.slice(prompt.length)
}

const largest = (of: Float32Array) => of.indexOf(of.reduce((a, b) => Math.max(a, b), -Infinity))
