/**
 * Odd configs, and configs without one of their keys, that the original ran or refused. What it ran gives its loss under
 * compat "gpt-neo"; what it refused is refused here too, or remarked upon and run.
 */
import { inspectModelConfig } from '../../../src/config/index.js'
import { Trainer } from '../../../src/train/index.js'
import type { CaseFile, Workshop } from '../case-file.js'
import { recordedStart, recordedTokens } from '../recorded-start.js'
import { evaluator, firstLosses } from '../training.js'
import { relativeScalar, Worst, type Verdict } from '../verdict.js'

/** Of the tokens. */
const SEED = 1

interface Outcome {
  readonly loss?: number
  readonly error?: string
  readonly message?: string
}
interface Probe extends Outcome {
  readonly probe: string
  readonly mode: 'train' | 'eval'
  readonly config_change: Record<string, unknown>
}
interface Missing {
  readonly missing: string
  readonly train: Outcome
  readonly eval: Outcome
}

export async function* refused({ name, json }: CaseFile, workshop: Workshop): AsyncGenerator<Verdict> {
  const base = json.base_config as Record<string, unknown>
  for (const { probe, mode, config_change, ...outcome } of json.probes as Probe[])
    yield verdict(`${name}: ${probe}, ${mode}`, { ...base, ...config_change }, mode, outcome, workshop)
  for (const each of json.missing_keys as Missing[])
    for (const mode of ['train', 'eval'] as const) {
      const keys = Object.fromEntries(Object.entries(base).filter(([key]) => key !== each.missing))
      yield verdict(`${name}: no ${each.missing}, ${mode}`, keys, mode, each[mode], workshop)
    }
}

async function verdict(
  name: string,
  keys: Record<string, unknown>,
  mode: 'train' | 'eval',
  { loss, error }: Outcome,
  { engine, layers }: Workshop,
): Promise<Verdict> {
  const worst = new Worst()
  const purpose = mode === 'train' ? { purpose: 'train' as const } : {}
  const { config, problems, notes } = inspectModelConfig({ ...keys, compat: 'gpt-neo' }, purpose)
  if (error !== undefined && !config) {
    worst.exact('refused', '', problems.length > 0)
    return { name, measures: worst.measures, remark: problems.join('; ') }
  }
  worst.exact('accepted', problems.join('; '), config !== null)
  if (!config) return { name, measures: worst.measures }
  // Dropout, and second experts kept by chance, draw other random numbers here: that it runs is all that there is to see.
  const { moe_params: experts, moe_layers, res_dropout, attn_dropout } = config
  const policy = mode === 'train' ? experts?.moe_second_policy_train : experts?.moe_second_policy_eval
  const chance = moe_layers.length > 0 && experts?.moe_gating === 'top_2' && policy === 'random'
  const random = chance || res_dropout > 0 || attn_dropout > 0
  const found = await lossOf(mode)
  if (loss !== undefined && !random) worst.note('loss', mode, relativeScalar(found, loss), 1e-4)
  else worst.exact('runs', `loss ${found}`, Number.isFinite(found))
  const remark =
    error === undefined ? random && 'random numbers: the loss is not compared' : ['runs here', ...notes].join('; ')
  return { name, measures: worst.measures, ...(remark && { remark }) }

  async function lossOf(of: 'train' | 'eval'): Promise<number> {
    if (of === 'train') return (await firstLosses(await engine(), config!, layers, { steps: 1, seed: SEED }))[0]
    const trainer = new Trainer(await engine(), config!, layers)
    const evaluate = evaluator(await engine(), trainer)
    await trainer.start(async ({ name: variable, shape }) => recordedStart(variable, shape))
    const rows = recordedTokens(
      [config!.eval_batch_size ?? config!.train_batch_size, config!.n_ctx + 1],
      config!.n_vocab,
      SEED,
    )
    const value = await evaluate.loss(trainer.parameters, rows)
    evaluate.dispose()
    trainer.dispose()
    return value
  }
}
