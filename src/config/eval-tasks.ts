/** `eval_tasks`. */
import type { ModelConfig } from './keys/model-keys.js'

/** The tasks of a config that name their data: those of GPT-Neo, which downloads it, are names alone (lambada, wikitext). */
export function tasksWithData({ eval_tasks: tasks }: Pick<ModelConfig, 'eval_tasks'>): string[] {
  return tasks.filter((task) => !/^(lambada|wikitext)[\w-]*$/.test(task))
}
