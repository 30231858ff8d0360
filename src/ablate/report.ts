import type { ModelConfig } from '../config/index.js'
import { costsOf } from '../plan/index.js'
import type { CostPoint } from './context-costs.js'
import type { DataIdentity } from './data.js'
import type { Machine } from './machine.js'
import type { RunResult } from './run.js'
import type { AblationSpec, CostSpec, Variant } from './spec.js'
import { halfWidth, noiseOf, spreadOf, type Noise, type Spread } from './statistics.js'

/** The results of an ablation, as in report.json. The other forms of the report are made from it alone. */
export interface AblationReport {
  readonly format: 'neomesh ablation 1'
  readonly name: string
  /** Whether all runs and measurements are done. */
  readonly complete: boolean
  /** Time of writing, ISO 8601. */
  readonly written: string
  /** The machine that wrote it. */
  readonly machine: Machine
  readonly data: { readonly source: string } & DataIdentity
  readonly seeds: readonly number[]
  /** Of each run. */
  readonly steps: number
  readonly tokensPerStep: number
  readonly evaluateEvery: number
  /** Tokens per evaluation. */
  readonly validationTokens: number
  readonly variants: readonly VariantResult[]
  readonly costs: (CostSpec & { readonly points: readonly CostPoint[] }) | null
  /** A row for each variant with a run that has ended. */
  readonly summary: readonly SummaryRow[]
  /** In the validation losses of the variants that are compared, over these seeds (all, in older reports); null without. */
  readonly noise: (Noise & { readonly variants: readonly string[]; readonly seeds?: readonly number[] }) | null
}

export interface VariantResult {
  readonly name: string
  /** Keys that override the base's. */
  readonly keys: Variant['keys']
  /** The whole config, with the first seed. */
  readonly config: ModelConfig
  readonly parameters: number
  /** Of forward and backward, by formula. */
  readonly flopsPerToken: number
  readonly runs: readonly RunResult[]
}

/** Means and deviations over the seeds whose training finished. */
export interface SummaryRow {
  readonly variant: string
  readonly seeds: number
  /** Number of seeds whose training diverged. */
  readonly diverged: number
  /** Per token in training. */
  readonly flopsPerToken: number
  readonly parameters: number
  readonly stepMemory: number | null
  readonly tokensPerSecond: Spread | null
  /** Nats per token. */
  readonly validationLoss: Spread | null
  readonly bitsPerByte: Spread | null
  /** Validation loss minus that of the first variant, over the compared seeds, or those that both have. */
  readonly difference: Spread | null
  /** Half of the 95 % interval of that difference's mean; null if the seeds do not determine it. */
  readonly halfWidth: number | null
}

export interface ReportParts {
  readonly spec: AblationSpec
  readonly machine: Machine
  readonly data: DataIdentity
  /** The finished runs of each variant. */
  readonly runs: ReadonlyMap<string, readonly RunResult[]>
  readonly points: readonly CostPoint[]
}

export function reportOf({ spec, machine, data, runs, points }: ReportParts): AblationReport {
  const [{ config }] = spec.variants
  const variants = spec.variants.map(({ name, keys, config }): VariantResult => {
    const { parameters, trainingFlops } = costsOf(config)
    return { name, keys, config, parameters, flopsPerToken: trainingFlops, runs: runs.get(name) ?? [] }
  })
  const { costs } = spec
  const measured = costs === null || points.length === costs.lengths.length * costs.attention.length
  const evalBatch = config.eval_batch_size ?? config.train_batch_size
  const limit = config.eval_steps > 0 ? config.eval_steps * evalBatch : Infinity
  return {
    format: 'neomesh ablation 1',
    name: spec.name,
    complete: measured && variants.every((each) => each.runs.length === spec.seeds.length),
    written: new Date().toISOString(),
    machine,
    data: { source: spec.data, ...data },
    seeds: spec.seeds,
    steps: config.train_steps,
    tokensPerStep: config.train_batch_size * config.n_ctx,
    evaluateEvery: spec.evaluateEvery,
    validationTokens: Math.min(data.validationSequences, limit) * config.n_ctx,
    variants,
    costs: costs && { ...costs, points },
    summary: summaryOf(variants),
    noise: noiseBetween(variants),
  }
}

/** The validation losses at the end of training, by seed, without seeds whose training diverged. */
export function finalLosses({ runs }: Pick<VariantResult, 'runs'>): Map<number, number> {
  return new Map(
    runs.flatMap(({ seed, diverged, evaluations }) =>
      diverged === null && evaluations.length > 0 ? [[seed, evaluations.at(-1)!.loss]] : [],
    ),
  )
}

export function summaryOf(variants: readonly VariantResult[]): SummaryRow[] {
  const first = finalLosses(variants[0])
  const noise = noiseBetween(variants)
  return variants.flatMap((variant): SummaryRow[] => {
    const { name, parameters, flopsPerToken, runs } = variant
    if (runs.length === 0) return []
    const losses = finalLosses(variant)
    const ended = runs.filter(({ diverged }) => diverged === null)
    const bits = ended.flatMap(({ evaluations }) => evaluations.at(-1)?.bitsPerByte ?? [])
    const compared = noise?.variants.includes(name) ? noise.seeds : undefined
    const paired = [...losses].filter(([seed]) => compared?.includes(seed) ?? true)
    const differences = paired.flatMap(([seed, loss]) => (first.has(seed) ? [loss - first.get(seed)!] : []))
    const spread = (values: readonly number[]) => (values.length === 0 ? null : spreadOf(values))
    return [
      {
        variant: name,
        seeds: ended.length,
        diverged: runs.length - ended.length,
        parameters,
        flopsPerToken,
        stepMemory: runs[0].stepMemory,
        tokensPerSecond: spread(ended.map(({ tokensPerSecond }) => tokensPerSecond)),
        validationLoss: spread([...losses.values()]),
        bitsPerByte: spread(bits),
        difference: variant === variants[0] ? null : spread(differences),
        halfWidth: variant === variants[0] ? null : chanceBetween(noise, variants[0].name, name),
      },
    ]
  })
}

/**
 * Noise over the seeds that all variants with a result have finished; if these are fewer than two, over the variants that
 * have finished every seed that any has.
 */
export function noiseBetween(variants: readonly Pick<VariantResult, 'name' | 'runs'>[]): AblationReport['noise'] {
  const ended = variants
    .map((variant) => ({ name: variant.name, losses: finalLosses(variant) }))
    .filter(({ losses }) => losses.size > 0)
  const any = [...new Set(ended.flatMap(({ losses }) => [...losses.keys()]))]
  const common = any.filter((seed) => ended.every(({ losses }) => losses.has(seed)))
  const seeds = common.length > 1 ? common : any
  const compared = ended.filter(({ losses }) => seeds.every((seed) => losses.has(seed)))
  const noise = noiseOf(compared.map(({ losses }) => seeds.map((seed) => losses.get(seed)!)))
  return noise && { variants: compared.map(({ name }) => name), seeds, ...noise }
}

/** Smaller differences of two variants' mean losses may be chance; null if the seeds do not determine it. */
export function chanceBetween(noise: AblationReport['noise'], a: string, b: string): number | null {
  const [i, j] = [a, b].map((name) => noise?.variants.indexOf(name) ?? -1)
  return noise === null || i < 0 || j < 0 ? null : halfWidth(noise, i, j)
}
