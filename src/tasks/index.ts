/** Synthetic tasks: data sets that are functions of a seed, with labels at some positions. */
export { openTask, taskDataset } from './dataset.js'
export { parseTask, readTask, taskKeys, type TaskSpec } from './spec.js'
export { TASK_KINDS, taskNames, type TaskName } from './kinds/index.js'
export { createRandom, type Random } from './random.js'
export type { Example, Split, Task, TaskKind } from './task.js'
export { writeTask, type WriteTask, type WrittenTask } from './write.js'
