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
export { meanLoss, type MeanLoss } from './mean-loss.js'
export { MetricsLog, readMetrics, type Metrics } from './metrics.js'
export { arrayFrom, variablesOf } from './parameters.js'
export { lowerStep } from './step.js'
export { DivergenceError } from './step-report.js'
export { train, type TrainOptions } from './train.js'
export { Trainer, type StepProgram } from './trainer.js'
