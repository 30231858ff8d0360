import type { ModelConfig } from '../../config/index.js'
import { costsOf } from '../../plan/index.js'
import type { DataIdentity } from '../data.js'
import type { Machine } from '../machine.js'
import type { EvaluationResult, RunResult } from '../run.js'
import { spreadOf, type Spread } from '../statistics.js'
import type { SpeedrunSpec } from './speedrun-spec.js'
import { fasterTest, type FasterTest } from './welch.js'

/** Below it a recipe is faster than the record by more than chance. */
export const SIGNIFICANCE = 0.01

/** The results of a speedrun, as in report.json. The other forms of the report are made from it alone. */
export interface SpeedrunReport {
  readonly format: 'neomesh speedrun 1'
  readonly name: string
  readonly complete: boolean
  /** Time of writing, ISO 8601. */
  readonly written: string
  readonly machine: Machine
  /** In words, as the spec states it. */
  readonly machineClass: string
  readonly data: { readonly source: string } & DataIdentity
  readonly target: number
  readonly record: string
  readonly seeds: readonly number[]
  readonly evaluateEvery: number
  readonly recipes: readonly RecipeResult[]
  readonly summary: readonly SpeedrunRow[]
}

export interface RecipeResult {
  readonly name: string
  /** Keys that override the base's. */
  readonly keys: Readonly<Record<string, unknown>>
  /** The whole config, with the first seed. */
  readonly config: ModelConfig
  readonly parameters: number
  readonly runs: readonly RunResult[]
}

/** Over the seeds. Times are of the steps until the first evaluation at the target, without compiling and evaluating. */
export interface SpeedrunRow {
  readonly recipe: string
  /** Trainings that ended. */
  readonly runs: number
  /** Of these, trainings that reached the target. */
  readonly reached: number
  /** CPU time on all cores, seconds; null if a training did not reach the target. */
  readonly cpuSeconds: Spread | null
  /** Wall time, seconds. */
  readonly seconds: Spread | null
  readonly tokens: Spread | null
  /** Lowest validation loss of the trainings that did not reach the target. */
  readonly missedAt: number | null
  /** That the recipe is faster than the record, by `timeOf`; null for the record and for recipes without two times. */
  readonly faster: FasterTest | null
}

export interface SpeedrunParts {
  readonly spec: SpeedrunSpec
  readonly machine: Machine
  readonly data: DataIdentity
  readonly results: ReadonlyMap<string, readonly RunResult[]>
}

export function speedrunReport({ spec, machine, data, results }: SpeedrunParts): SpeedrunReport {
  const recipes = spec.recipes.map(({ name, keys, config }): RecipeResult => {
    return { name, keys, config, parameters: costsOf(config).parameters, runs: results.get(name) ?? [] }
  })
  const { target, record, seeds, evaluateEvery } = spec
  return {
    format: 'neomesh speedrun 1',
    name: spec.name,
    complete: recipes.every(({ runs }) => runs.length === seeds.length),
    written: new Date().toISOString(),
    machine,
    machineClass: spec.machine,
    data: { source: spec.data, ...data },
    target,
    record,
    seeds,
    evaluateEvery,
    recipes,
    summary: summaryOfRecipes({ recipes, target, record, machine }),
  }
}

/** What is compared: CPU time on CPUs, which other programs disturb less, and wall time elsewhere. */
export function timeOf({ platform }: Pick<Machine, 'platform'>): 'cpuSeconds' | 'seconds' {
  return platform === 'cpu' ? 'cpuSeconds' : 'seconds'
}

/** The first evaluation at the target; null if there is none, as of a training that diverged. */
export function reachedAt({ evaluations }: Pick<RunResult, 'evaluations'>, target: number): EvaluationResult | null {
  return evaluations.find(({ loss }) => isKnown(loss) && loss <= target) ?? null
}

/** The lowest validation loss of a run; null without one. */
export function lowestLoss({ evaluations }: Pick<RunResult, 'evaluations'>): number | null {
  const known = evaluations.map(({ loss }) => loss).filter(isKnown)
  return known.length === 0 ? null : Math.min(...known)
}

/** JSON has null for a loss that is not a number. */
const isKnown = (loss: number | null) => loss !== null && Number.isFinite(loss)

/** The summary, from the runs: the same whether made during the speedrun or from report.json. */
export function summaryOfRecipes({
  recipes,
  target,
  record,
  machine,
}: Pick<SpeedrunReport, 'recipes' | 'target' | 'record' | 'machine'>): SpeedrunRow[] {
  const key = timeOf(machine)
  const timesOf = (recipe: RecipeResult, what: 'cpuSeconds' | 'seconds' | 'tokens') =>
    recipe.runs.flatMap((run) => reachedAt(run, target)?.[what] ?? [])
  const best = recipes.find(({ name }) => name === record)!
  return recipes.flatMap((recipe): SpeedrunRow[] => {
    const { name, runs } = recipe
    if (runs.length === 0) return []
    const reached = timesOf(recipe, 'tokens').length
    const whole = reached === runs.length
    const spread = (what: 'cpuSeconds' | 'seconds' | 'tokens') => (whole ? spreadOf(timesOf(recipe, what)) : null)
    const missed = runs.filter((run) => reachedAt(run, target) === null)
    const lowest = missed.flatMap((run) => lowestLoss(run) ?? [])
    const compared = whole && name !== record && timesOf(best, 'tokens').length === best.runs.length
    return [
      {
        recipe: name,
        runs: runs.length,
        reached,
        cpuSeconds: spread('cpuSeconds'),
        seconds: spread('seconds'),
        tokens: spread('tokens'),
        missedAt: lowest.length > 0 ? Math.min(...lowest) : null,
        faster: compared ? fasterTest(timesOf(recipe, key), timesOf(best, key)) : null,
      },
    ]
  })
}

/** The recipe that takes the record: of those that are faster by more than chance, that of the lowest mean. */
export function newRecord({ summary, machine }: Pick<SpeedrunReport, 'summary' | 'machine'>): SpeedrunRow | null {
  const key = timeOf(machine)
  const faster = summary.filter((row) => row.faster !== null && row.faster.p < SIGNIFICANCE)
  return faster.toSorted((a, b) => a[key]!.mean - b[key]!.mean)[0] ?? null
}
