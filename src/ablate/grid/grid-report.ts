import type { ModelConfig } from '../../config/index.js'
import { costsOf } from '../../plan/index.js'
import { parseTask } from '../../tasks/index.js'
import type { Tally } from '../../train/index.js'
import type { Machine } from '../machine.js'
import { mean, spreadOf, studentQuantile, type Spread } from '../statistics.js'
import type { Keys } from '../spec-parts.js'
import type { GridSpec } from './grid-spec.js'
import { publishedFor, publishedKind, type Published } from './published.js'
import { OWN_TEST, type CellResult } from './run-cell.js'

/** The results of an ablation on tasks, as in report.json. Tables, figures and the verdict are made from it alone. */
export interface GridReport {
  readonly format: 'neomesh laboratory 1'
  readonly name: string
  /** Whether all trainings are done. */
  readonly complete: boolean
  /** Time of writing, ISO 8601. */
  readonly written: string
  readonly machine: Machine
  readonly tasks: readonly {
    readonly name: string
    readonly given: Keys
    readonly tests: readonly { readonly name: string; readonly given: Keys }[]
  }[]
  readonly variants: readonly { readonly name: string; readonly keys: Keys }[]
  readonly axes: Readonly<Record<string, readonly unknown[]>>
  readonly seeds: readonly number[]
  readonly evaluateEvery: number
  readonly stopAt: number | null
  readonly cells: readonly CellReport[]
  /** A row for each task, variant and size with a training that has ended. */
  readonly summary: readonly GridRow[]
}

export interface CellReport {
  readonly task: string
  readonly variant: string
  readonly point: Keys
  readonly seed: number
  readonly config: ModelConfig
  readonly parameters: number
  /** Decoding state of a sequence of the task's length, in bytes: keys and values, or a state of constant size. */
  readonly stateBytes: number
  /** null: not finished. */
  readonly result: CellResult | null
}

/** Means over the seeds, at the best keys of training. */
export interface GridRow {
  readonly task: string
  readonly variant: string
  /** Keys of the model at this point of the grid. */
  readonly point: Keys
  /** Keys of training, such as lr, of which these were the best. */
  readonly tuned: Keys
  readonly seeds: number
  readonly diverged: number
  readonly parameters: number
  readonly stateBytes: number
  /** On the task's own test, at the end. */
  readonly accuracy: Spread | null
  /** Half of the mean's 95 % interval (Student's t over the seeds); null for one seed. */
  readonly halfWidth: number | null
  /** Steps of training, fewer where it was solved early. */
  readonly steps: number
  readonly seconds: number
  /** Further tests by name. */
  readonly tests: Readonly<Record<string, Spread>>
  /** Accuracy by the groups of the task, over all seeds. */
  readonly groups: Readonly<Record<string, number>>
  readonly published: readonly Published[]
}

/** Keys that say how a model is trained, not which one it is. */
const TUNED: ReadonlySet<string> = new Set([
  'lr',
  'opt_name',
  'weight_decay',
  'warmup_steps',
  'beta1',
  'beta2',
  'gradient_clipping',
  'train_batch_size',
  'lr_decay',
  'train_steps',
])

export interface GridParts {
  readonly spec: GridSpec
  readonly machine: Machine
  readonly results: ReadonlyMap<string, CellResult>
}

export function gridReport({ spec, machine, results }: GridParts): GridReport {
  const cells = spec.cells.map((cell): CellReport => {
    const { id, task, variant, point, seed, config } = cell
    const { parameters, cache } = costsOf(config)
    const stateBytes = cache.perSequence + cache.perToken * config.n_ctx
    return { task, variant, point, seed, config, parameters, stateBytes, result: results.get(id) ?? null }
  })
  const tasks = spec.tasks.map(({ name, given, tests }) => ({
    name,
    given,
    tests: tests.map((test) => ({ name: test.name, given: test.given })),
  }))
  return {
    format: 'neomesh laboratory 1',
    name: spec.name,
    complete: cells.every(({ result }) => result !== null),
    written: new Date().toISOString(),
    machine,
    tasks,
    variants: spec.variants,
    axes: spec.axes,
    seeds: spec.seeds,
    evaluateEvery: spec.evaluateEvery,
    stopAt: spec.stopAt,
    cells,
    summary: summaryOfCells({ cells, tasks }),
  }
}

/** The summary, from the cells: the same whether made during the ablation or from report.json. */
export function summaryOfCells({ cells, tasks }: Pick<GridReport, 'cells' | 'tasks'>): GridRow[] {
  const sizeOf = ({ point }: CellReport) => part(point, (key) => !TUNED.has(key))
  const rows = groupsBy(cells, (cell) => JSON.stringify([cell.task, cell.variant, sizeOf(cell)]))
  return rows.flatMap((row): GridRow[] => {
    const choices = groupsBy(row, ({ point }) => JSON.stringify(part(point, (key) => TUNED.has(key))))
      .map((choice) => ({ choice, score: scoreOf(choice) }))
      .filter(({ score }) => score !== null)
    if (choices.length === 0) return []
    const { choice } = choices.reduce((best, each) => (each.score! > best.score! ? each : best))
    const [first] = choice
    const done = choice.flatMap(({ result }) => result ?? [])
    const ended = done.filter(({ diverged }) => diverged === null)
    const accuracy = spreadOr(ended.map((result) => result.tests[OWN_TEST].accuracy))
    const spec = parseTask(tasks.find(({ name }) => name === first.task)!.given)
    const further = Object.keys(ended[0]?.tests ?? {}).filter((name) => name !== OWN_TEST)
    return [
      {
        task: first.task,
        variant: first.variant,
        point: sizeOf(first),
        tuned: part(first.point, (key) => TUNED.has(key)),
        seeds: ended.length,
        diverged: done.length - ended.length,
        parameters: first.parameters,
        stateBytes: first.stateBytes,
        accuracy,
        halfWidth: halfWidthOf(accuracy),
        steps: Math.round(mean(done.map(({ evaluations }) => evaluations.at(-1)?.step ?? 0))),
        seconds: mean(done.map(({ seconds }) => seconds)),
        tests: Object.fromEntries(
          further.map((name) => [name, spreadOf(ended.map((result) => result.tests[name].accuracy))]),
        ),
        groups: groupAccuracies(ended.map((result) => result.tests[OWN_TEST].groups)),
        published: publishedFor(publishedKind(first.config), spec, first.config),
      },
    ]
  })
}

/** The mean accuracy of a choice of training keys; null before a training has ended. A divergence counts as 0. */
function scoreOf(choice: readonly CellReport[]): number | null {
  const done = choice.flatMap(({ result }) => result ?? [])
  return done.length === 0 ? null : mean(done.map(({ tests }) => tests[OWN_TEST]?.accuracy ?? 0))
}

export function halfWidthOf(spread: Spread | null): number | null {
  if (spread === null || spread.deviation === null) return null
  return (studentQuantile(spread.count - 1) * spread.deviation) / Math.sqrt(spread.count)
}

function groupAccuracies(tallies: readonly Readonly<Record<string, Tally>>[]): Record<string, number> {
  const names = [...new Set(tallies.flatMap((each) => Object.keys(each)))]
  const first = (name: string) => Number(/\d+/.exec(name)?.[0] ?? 0)
  const sum = (name: string, what: keyof Tally) => tallies.reduce((all, each) => all + (each[name]?.[what] ?? 0), 0)
  names.sort((a, b) => first(a) - first(b) || (a < b ? -1 : 1))
  return Object.fromEntries(names.map((name) => [name, sum(name, 'correct') / sum(name, 'of')]))
}

const spreadOr = (values: readonly number[]) => (values.length === 0 ? null : spreadOf(values))

const part = (point: Keys, keep: (key: string) => boolean): Keys =>
  Object.fromEntries(Object.entries(point).filter(([key]) => keep(key)))

function groupsBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return [...groups.values()]
}
