import { ConfigError, inspectModelConfig, readKeys, type ModelConfig } from '../../config/index.js'
import { basename, dirname, readJson } from '../../files/index.js'
import { readTask, type TaskSpec } from '../../tasks/index.js'
import { checkName, isObject, readBase, type Keys, type ParseAblation } from '../spec-parts.js'
import { gridKeys, gridTaskKeys } from './grid-keys.js'

/** A test after training: the task with other settings, such as longer sequences. */
export interface GridTest {
  readonly name: string
  /** Settings as parseTask reads them. */
  readonly given: Keys
  readonly spec: TaskSpec
}

export interface GridTask extends GridTest {
  readonly tests: readonly GridTest[]
}

/** One training: a variant at a point of the grid, on a task, with a seed. */
export interface Cell {
  /** Name of its run folder. */
  readonly id: string
  readonly task: string
  readonly variant: string
  readonly point: Keys
  readonly seed: number
  readonly config: ModelConfig
}

/** Variants of a model on tasks, at each point of a grid, with several seeds. */
export interface GridSpec {
  /** Name of the file without its extension. */
  readonly name: string
  readonly tasks: readonly GridTask[]
  readonly variants: readonly { readonly name: string; readonly keys: Keys }[]
  readonly axes: Readonly<Record<string, readonly unknown[]>>
  readonly seeds: readonly number[]
  readonly evaluateEvery: number
  /** Accuracy at which a training ends early; null: never. */
  readonly stopAt: number | null
  /** Seed by seed, so that an early end leaves a comparison. */
  readonly cells: readonly Cell[]
}

/** Whether an ablation's file is of tasks. */
export function isGrid(given: unknown): boolean {
  return isObject(given) && ('task' in given || 'tasks' in given)
}

/** Reads the file of an ablation on tasks, such as configs/ablations/recall.json. Throws FileError, ConfigError. */
export async function readGrid(path: string): Promise<GridSpec> {
  const name = basename(path).replace(/\.json$/, '')
  return parseGrid(await readJson(path), { source: path, folder: dirname(path), name })
}

/** Checks an ablation on tasks given as an object of the same keys. Throws ConfigError with all problems. */
export async function parseGrid(given: unknown, options: ParseAblation = {}): Promise<GridSpec> {
  const { source = 'ablation', folder = '.', name = 'ablation' } = options
  if (!isObject(given))
    throw new ConfigError(source, ['an ablation must be a JSON object of keys such as base, task, variants and seeds'])
  const problems: string[] = []
  const read = readKeys({ ...given }, gridKeys, problems) as unknown as Given
  const tasks = readTasks(read, problems)
  const base = ((await readBase(read.base, folder, problems)) ?? {}) as Keys
  const variants = Object.entries(read.variants ?? {}).map(([name, keys]) => ({ name, keys: keys as Keys }))
  for (const { name, keys } of variants) {
    checkName(`variants.${name}`, name, problems)
    if (!isObject(keys)) problems.push(`variants.${name}: must be an object of model keys`)
  }
  const axes = readAxes(read.grid ?? {}, 'grid', problems)
  if (problems.length > 0) throw new ConfigError(source, problems)

  const cells: Cell[] = []
  const found = new Set<string>()
  for (const seed of read.seeds ?? [])
    for (const task of tasks)
      for (const { name, keys } of variants) {
        const { grid, ...own } = keys as Keys & { grid?: unknown }
        const all = { ...axes, ...readAxes(grid ?? {}, `variants.${name}.grid`, problems) }
        for (const point of pointsOf(all)) {
          const changes = { ...task.model, ...own, ...point, ...keysOfTask(task.spec, read.steps), seed }
          const { config, problems: more } = inspectModelConfig(base, { purpose: 'train', changes })
          const at = `variants.${name}${shownPoint(point) && ` at ${shownPoint(point)}`} on ${task.name}`
          for (const problem of more) found.add(`${at}: ${problem}`)
          if (config === null) continue
          for (const { name: test, spec } of task.tests)
            if (spec.task.length > config.n_ctx && hasPositionTable(config))
              found.add(`${at}: a table of positions has n_ctx ${config.n_ctx} rows, too few for tests.${test}`)
          const id = [task.name, name, ...Object.entries(point).map(([key, value]) => `${key}=${shown(value)}`)].join(
            '--',
          )
          cells.push({ id: `${id}--seed-${seed}`, task: task.name, variant: name, point, seed, config })
        }
      }
  problems.push(...found)
  if (problems.length > 0) throw new ConfigError(source, problems)
  const { seeds = [], evaluate_every: evaluateEvery, stop_at: stopAt = null } = read
  return { name, tasks, variants, axes, seeds, evaluateEvery, stopAt, cells }
}

interface Given {
  readonly base?: string | Keys
  readonly task?: string | Keys
  readonly tasks?: Keys
  readonly variants?: Keys
  readonly grid?: unknown
  readonly seeds?: readonly number[]
  readonly steps?: number
  readonly evaluate_every: number
  readonly stop_at?: number
}

/** Lengths, vocabulary and what the model must be for it are the task's. */
function keysOfTask({ task }: TaskSpec, steps?: number): Keys {
  return {
    ...task.model,
    n_ctx: task.length,
    n_vocab: task.vocabulary,
    ...(steps !== undefined && { train_steps: steps }),
  }
}

function readTasks({ task, tasks }: Given, problems: string[]): (GridTask & { readonly model: Keys })[] {
  if ((task === undefined) === (tasks === undefined)) {
    problems.push('task: either task or tasks must be given')
    return []
  }
  const named = tasks ?? { [typeof task === 'string' ? task : String(task!.name)]: task }
  return Object.entries(named).flatMap(([name, value]) => {
    const at = tasks ? `tasks.${name}` : 'task'
    checkName(at, name, problems)
    const whole = typeof value === 'string' ? { name: value } : (value as Keys)
    const { model, tests, ...given } = isObject(whole) ? whole : { name: undefined }
    const asked = Object.fromEntries(Object.entries({ model, tests }).filter(([, each]) => each !== undefined))
    const read = readKeys(asked, gridTaskKeys, problems, `${at}.`)
    const spec = readTask(given, problems, `${at}.`)
    if (spec === null) return []
    const more = Object.entries((read.tests ?? {}) as Keys).flatMap(([test, changes]) => {
      if (!isObject(changes)) problems.push(`${at}.tests.${test}: must be an object of settings`)
      const settings = { ...given, ...(changes as Keys) }
      const of = readTask(settings, problems, `${at}.tests.${test}.`)
      if (of && of.task.vocabulary > spec.task.vocabulary)
        problems.push(`${at}.tests.${test}: the vocabulary must not exceed the task's ${spec.task.vocabulary}`)
      return of ? [{ name: test, given: settings, spec: of }] : []
    })
    return [{ name, given, spec, tests: more, model: (read.model ?? {}) as Keys }]
  })
}

function readAxes(given: unknown, at: string, problems: string[]): Record<string, unknown[]> {
  if (!isObject(given)) {
    problems.push(`${at}: must be an object of lists by model key`)
    return {}
  }
  for (const [key, values] of Object.entries(given)) {
    const texts = Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : []
    if (texts.length === 0 || new Set(texts).size < texts.length)
      problems.push(`${at}.${key}: must be a list of different values (got ${JSON.stringify(values)})`)
  }
  return given as Record<string, unknown[]>
}

/** Every combination of the values, the first key slowest. */
function pointsOf(axes: Readonly<Record<string, readonly unknown[]>>): Keys[] {
  return Object.entries(axes).reduce<Keys[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  )
}

/**
 * The cells whose names have all of these parts, such as `delta`, `lr=0.003` and `seed-1`; commas separate alternatives.
 * Throws RangeError for a part that no cell has.
 */
export function cellsNamed({ cells }: Pick<GridSpec, 'cells'>, parts: readonly string[]): Cell[] {
  const partsOf = ({ id }: Cell) => id.split('--')
  const known = new Set(cells.flatMap(partsOf))
  const wanted = parts.map((part) => part.split(','))
  const unknown = wanted.flat().find((part) => !known.has(part))
  if (unknown !== undefined)
    throw new RangeError(
      `only: must be parts of the names of trainings (got "${unknown}"). They are: ${[...known].join(', ')}`,
    )
  return cells.filter((cell) => wanted.every((any) => any.some((part) => partsOf(cell).includes(part))))
}

/** "n_embd 64, lr 0.001". */
export function shownPoint(point: Keys): string {
  return Object.entries(point)
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(', ')
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value).replace(/[^\w.,+-]/g, ''))

/** Models whose positions are in a table cannot read sequences longer than it. */
const hasPositionTable = ({ rotary_emb, pos_emb }: ModelConfig) => rotary_emb !== true && pos_emb !== 'none'
