/**
 * neomesh: GPT-Neo on named dims, one traced program, and engines that run it.
 *
 * What the lessons, the README and the five steps use. Each room has the rest under a name of its own: `neomesh/tensor` all
 * operations, `neomesh/files`, `neomesh/data`, ...; package.json lists them.
 */
export {
  dim,
  Tensor,
  spec,
  trace,
  printProgram,
  grad,
  valueAndGrad,
  einsum,
  slice,
  softmax,
  logsumexp,
  pick,
  OpError,
  type DType,
  type Dim,
  type Program,
} from './tensor/index.js'
export { parsePlacement, showLayout, showMesh, LayoutError, type Placement } from './mesh/index.js'
export {
  openEngine,
  openXla,
  jit,
  DeviceArray,
  EngineError,
  type Engine,
  type EngineName,
  type MemoryUse,
  type OpenOptions,
} from './engine/index.js'
export {
  readModelConfig,
  parseModelConfig,
  inspectModelConfig,
  describeKeys,
  attentionKinds,
  ConfigError,
  type ModelConfig,
  type ParsedConfig,
} from './config/index.js'
export {
  Tokenizer,
  trainTokenizer,
  loadTokenizer,
  saveTokenizer,
  endOfTextId,
  TokenizerError,
  type TrainTokenizerOptions,
} from './tokenizer/index.js'
export {
  demoTexts,
  prepareData,
  describeTotals,
  readDatasetConfig,
  datasetFiles,
  openDataset,
  openSplits,
  order,
  sampleIds,
  batches,
  DataError,
  type Dataset,
  type PrepareOptions,
  type PrepareTotals,
  type Splits,
} from './data/index.js'
export { readText, makeFolder, remove, join, FileError } from './files/index.js'
export * as model from './model/index.js'
export { evaluate } from './evaluate/index.js'
export {
  train,
  Trainer,
  meanLoss,
  lowerStep,
  readMetrics,
  findCheckpoint,
  openCheckpoint,
  DivergenceError,
  type Checkpoint,
  type Metrics,
  type TrainEvent,
  type TrainOptions,
} from './train/index.js'
export {
  plan,
  costsOf,
  searchLayouts,
  tpuSlice,
  cpuDevices,
  PlanError,
  type Hardware,
  type ModelCosts,
  type Plan,
  type PlanOptions,
} from './plan/index.js'
export { importHf, importTf, exportHf } from './convert/index.js'
export {
  generate,
  generateText,
  loadModel,
  type GenerateOptions,
  type GenerateTextOptions,
  type LoadedModel,
  type ModelFromCheckpoint,
  type Sampling,
  type TextPiece,
} from './generate/index.js'
export { exportWeb, type ExportWebOptions } from './web/index.js'
export { serve } from '#serve'
export {
  ablate,
  parseAblation,
  readAblation,
  summaryTable,
  figuresOf,
  type AblateOptions,
  type AblationEvent,
  type AblationReport,
  type AblationSpec,
} from './ablate/index.js'
export {
  attentionMap,
  attentionMaps,
  chart,
  demoData,
  environment,
  interruptSignal,
  meshDrawing,
  param,
  planTable,
  progressBar,
  DISPLAY,
  html,
  liveDisplay,
  show,
  stepsFor,
  table,
  liveTokenText,
  tokenText,
  trainingView,
  type AttentionMapOptions,
  type AttentionMaps,
  type ChartAxis,
  type ChartSeries,
  type ChartSpec,
  type DemoData,
  type DemoDataWanted,
  type Displayable,
  type DrawnTensor,
  type LiveDisplay,
  type LiveTokenText,
  type MimeBundle,
  type ParamLimits,
  type ProgressBar,
  type ProgressBarOptions,
  type TableOptions,
  type TokenTextOptions,
  type TrainingView,
} from './notebook/index.js'
export * from './deprecated.js'
