/** Two models on the same items. */
import { difference, type Difference, type Resampling } from './bootstrap.js'
import { METRICS } from './metrics.js'
import type { TaskResult } from './evaluate.js'

/** A metric of a task for both. */
export interface Comparison {
  readonly task: string
  readonly metric: string
  readonly better: 'higher' | 'lower'
  readonly a: number
  readonly b: number
  /** b minus a. */
  readonly difference: Difference
}

export interface Compared {
  readonly comparisons: readonly Comparison[]
  /** Why tasks or metrics were left out, one per line. */
  readonly notes: readonly string[]
}

/** Compares the results of two models on each task that both have on the same data, item by item. */
export function compare(a: readonly TaskResult[], b: readonly TaskResult[], options: Resampling = {}): Compared {
  const notes: string[] = []
  const comparisons = a.flatMap((task): Comparison[] => {
    const other = b.find(({ name }) => name === task.name)
    const reason = other === undefined ? 'only one of the two has results' : differenceOfTasks(task, other)
    if (other === undefined || reason !== undefined) {
      notes.push(`${task.name} is not compared: ${reason}`)
      return []
    }
    const [first, second] = [task, other].map(({ items }) => items.map(({ figures }) => figures))
    return METRICS[task.form]
      .filter(({ name, per }) => {
        const sameUnit = per === undefined || first.every((figures, i) => figures[per] === second[i][per])
        if (!sameUnit) notes.push(`${task.name}: ${name} is not compared: the two have another number of ${per}`)
        return sameUnit
      })
      .map((metric) => ({
        task: task.name,
        metric: metric.name,
        better: metric.better,
        a: task.metrics[metric.name].value,
        b: other.metrics[metric.name].value,
        difference: difference(metric, first, second, options),
      }))
  })
  for (const { name } of b)
    if (!a.some((task) => task.name === name)) notes.push(`${name} is not compared: only one of the two has results`)
  return { comparisons, notes }
}

function differenceOfTasks(a: TaskResult, b: TaskResult): string | undefined {
  if (a.kind !== b.kind || a.data !== b.data) return 'the two are on other data'
  // A stride of n_ctx, the default, is another number for another context, and the same way of evaluation.
  if (a.items.length !== b.items.length) return `the two have ${a.items.length} and ${b.items.length} items`
  return undefined
}
