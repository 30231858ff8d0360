/** How good a model is: likelihood of texts and of answers, with intervals, and two models compared. */
export { estimate, type Difference, type Estimate, type Resampling } from './bootstrap.js'
export { compare, type Compared, type Comparison } from './compare.js'
export { EvaluationError } from './error.js'
export { evaluate, runTasks, type EvaluatedModel, type EvaluateOptions, type TaskResult } from './evaluate.js'
export { METRICS, type Form, type ItemFigures, type Metric } from './metrics.js'
export { isResults, readResults, summaryOf, writeResults, type EvaluatedFrom } from './results.js'
export {
  checkCausal,
  createScorer,
  type Passage,
  type PassageScores,
  type Scorer,
  type ScoreOptions,
} from './scorer.js'
export type { ItemResult } from './tasks/item.js'
export { KINDS, kindNames, type Kind, type KindName } from './tasks/kinds.js'
export { prepareTasks, type PreparedTask, type PrepareTaskOptions } from './tasks/prepare.js'
export { parseTask, type TaskSpec } from './tasks/specs.js'
export { textsOfDataset } from './make/held-out.js'
export { makeLastWords, type MakeOptions } from './make/last-words.js'
export { makeMinimalPairs, type MinimalPair } from './make/minimal-pairs.js'
