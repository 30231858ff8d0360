export {
  checkpointFolder,
  checkpointSteps,
  findCheckpoint,
  openCheckpoint,
  saveCheckpoint,
  type Checkpoint,
  type Manifest,
} from '../checkpoint/index.js'
export type { TrainEvent } from './events.js'
export { readHistory } from './history.js'
export { HostError, type HostTimes } from './hosts.js'
export { labelledExamples } from './labelled-examples.js'
export { labelScores, type Tally } from './label-scores.js'
export { meanLoss, type MeanLoss } from './mean-loss.js'
export { MetricsLog, readMetrics, type Metrics } from './metrics.js'
export { arrayFrom, variablesOf } from './parameters.js'
export { lowerStep } from './step.js'
export { configOfLayers, type Adaptation } from './begin-from.js'
export { createQueue } from './queue.js'
export { EPOCHS, fineTuningConfig, forEpochs } from './recipe.js'
export { lastCheckpoint } from './run-folder.js'
export { differencesOf, type Change } from './resume.js'
export { DivergenceError } from './step-report.js'
export { train, type TrainOptions } from './train.js'
export { Trainer, type Restored, type StepProgram } from './trainer.js'
