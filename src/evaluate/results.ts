/** Results as files: summary.json, and items.jsonl with the log-likelihoods of every item. */
import { z } from 'zod'
import {
  FileError,
  isFile,
  join,
  readJson,
  readJsonLines,
  writeFileAtomic,
  writeFolderAtomic,
  writeJsonLines,
} from '../files/index.js'
import { METRICS, type Form } from './metrics.js'
import type { TaskResult } from './evaluate.js'
import type { ItemResult } from './tasks/item.js'
import type { KindName } from './tasks/kinds.js'

const SUMMARY = 'summary.json'
const ITEMS = 'items.jsonl'

/** What was evaluated. */
export interface EvaluatedFrom {
  /** Path of the model. */
  readonly model: string
  /** Training steps; 0 for an imported model. */
  readonly step: number
}

/** The content of summary.json. */
export function summaryOf(results: readonly TaskResult[], from: EvaluatedFrom) {
  return {
    ...from,
    tasks: results.map(({ items, metrics, ...task }) => ({
      ...task,
      items: items.length,
      metrics: Object.fromEntries(
        Object.entries(metrics).map(([name, { value, interval }]) => [name, { value, interval }]),
      ),
    })),
  }
}

/** Writes a folder of results, replacing an earlier one. Throws FileError. */
export async function writeResults(folder: string, results: readonly TaskResult[], from: EvaluatedFrom): Promise<void> {
  const lines = results.flatMap(({ name, items }) =>
    items.map(({ logLikelihoods, gold, figures }, item) => ({
      task: name,
      item,
      log_likelihoods: logLikelihoods,
      ...(gold !== undefined && { gold }),
      ...figures,
    })),
  )
  await writeFolderAtomic(folder, { overwrite: true, mayReplace: isOurs }, async (partial) => {
    await writeJsonLines(join(partial, ITEMS), lines)
    await writeFileAtomic(join(partial, SUMMARY), `${JSON.stringify(summaryOf(results, from), null, 2)}\n`)
  })
}

const isOurs = (name: string) => name === SUMMARY || name === ITEMS

/** Whether a folder holds results that `writeResults` wrote. */
export function isResults(folder: string): Promise<boolean> {
  return isFile(join(folder, SUMMARY))
}

const estimateSchema = z.object({ value: z.number(), interval: z.tuple([z.number(), z.number()]).nullable() })
const summarySchema = z.object({
  model: z.string(),
  step: z.number(),
  tasks: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      form: z.enum(Object.keys(METRICS) as [Form, ...Form[]]),
      data: z.string(),
      stride: z.number().optional(),
      truncated: z.number(),
      items: z.number(),
      metrics: z.record(z.string(), estimateSchema),
      groups: z.record(z.string(), z.record(z.string(), z.number())).optional(),
    }),
  ),
})
const itemSchema = z.looseObject({
  task: z.string(),
  item: z.number(),
  log_likelihoods: z.array(z.number()),
  gold: z.number().optional(),
})

/** Reads a folder of results. Throws FileError for one that is damaged. */
export async function readResults(folder: string): Promise<{ results: TaskResult[]; from: EvaluatedFrom }> {
  const path = join(folder, SUMMARY)
  const parsed = summarySchema.safeParse(await readJson(path))
  if (!parsed.success)
    throw new FileError(`${path} must be written by \`neomesh eval --out\` (got another content)`, path)
  const { tasks, ...from } = parsed.data
  const byTask = new Map<string, ItemResult[]>()
  for (const value of await readJsonLines(join(folder, ITEMS))) {
    const { success, data } = itemSchema.safeParse(value)
    if (!success) continue
    const { task, item: _, log_likelihoods: logLikelihoods, gold, ...figures } = data
    byTask.set(task, [
      ...(byTask.get(task) ?? []),
      { logLikelihoods, gold, figures: figures as Record<string, number> },
    ])
  }
  const results = tasks.map(({ items: count, ...task }): TaskResult => {
    const items = byTask.get(task.name) ?? []
    if (items.length !== count)
      throw new FileError(
        `${join(folder, ITEMS)} must have ${count} lines of task ${task.name} (got ${items.length}). Evaluate again`,
        folder,
      )
    return { ...task, kind: task.kind as KindName, items }
  })
  return { results, from }
}
