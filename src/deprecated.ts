/**
 * Names that the root exported before the rooms had their own, for one version: import them from the room instead, as
 * `import { add } from 'neomesh/tensor'`. Renamed exports keep their old name here, too.
 */
export {
  /** @deprecated Import it from neomesh/tensor. */
  type AttributesOf,
  /** @deprecated Import it from neomesh/tensor. */
  type Direction,
  /** @deprecated Import it from neomesh/tensor. */
  type InputSpec,
  /** @deprecated Import it from neomesh/tensor. */
  type Keep,
  /** @deprecated Import it from neomesh/tensor. */
  type Mapped,
  /** @deprecated Import it from neomesh/tensor. */
  type NamesOf,
  /** @deprecated Import it from neomesh/tensor. */
  type Node,
  /** @deprecated Import it from neomesh/tensor. */
  type PrimitiveName,
  /** @deprecated Import it from neomesh/tensor. */
  type Role,
  /** @deprecated Import it from neomesh/tensor. */
  Spec,
  /** @deprecated Import it from neomesh/tensor. */
  type Traced,
  /** @deprecated Import it from neomesh/tensor. */
  type Traits,
  /** @deprecated Import it from neomesh/tensor. */
  type Tree,
  /** @deprecated Import it from neomesh/tensor. */
  type Value,
  /** @deprecated Import it from neomesh/tensor. */
  abs,
  /** @deprecated Import it from neomesh/tensor. */
  add,
  /** @deprecated Import it from neomesh/tensor. */
  and,
  /** @deprecated Import it from neomesh/tensor. */
  argmax,
  /** @deprecated Import it from neomesh/tensor. */
  barrier,
  /** @deprecated Import it from neomesh/tensor. */
  bodiesOf,
  /** @deprecated Import it from neomesh/tensor. */
  broadcast,
  /** @deprecated Import it from neomesh/tensor. */
  bytesOf,
  /** @deprecated Import it from neomesh/tensor. */
  cast,
  /** @deprecated Import it from neomesh/tensor. */
  checkProgram,
  /** @deprecated Import it from neomesh/tensor. */
  checkpoint,
  /** @deprecated Import it from neomesh/tensor. */
  compare,
  /** @deprecated Import it from neomesh/tensor. */
  concat,
  /** @deprecated Import it from neomesh/tensor. */
  constant,
  /** @deprecated Import it from neomesh/tensor. */
  cos,
  /** @deprecated Import it from neomesh/tensor. */
  cumsum,
  /** @deprecated Import it from neomesh/tensor. */
  div,
  /** @deprecated Import it from neomesh/tensor. */
  dynamicSlice,
  /** @deprecated Import it from neomesh/tensor. */
  dynamicUpdateSlice,
  /** @deprecated Import it from neomesh/tensor. */
  embed,
  /** @deprecated Import it from neomesh/tensor. */
  exp,
  /** @deprecated Import it from neomesh/tensor. */
  expm1,
  /** @deprecated Import it from neomesh/tensor. */
  fill,
  /** @deprecated Import it from neomesh/tensor. */
  floor,
  /** @deprecated Import it from neomesh/tensor. */
  gradients,
  /** @deprecated Import it from neomesh/tensor. */
  isFloat,
  /** @deprecated Import it from neomesh/tensor. */
  isInteger,
  /** @deprecated Import it from neomesh/tensor. */
  isSpec,
  /** @deprecated Import it from neomesh/tensor. */
  leavesOf,
  /** @deprecated Import it from neomesh/tensor. */
  literal,
  /** @deprecated Import it from neomesh/tensor. */
  log,
  /** @deprecated Import it from neomesh/tensor. */
  log1p,
  /** @deprecated Import it from neomesh/tensor. */
  mapLeaves,
  /** @deprecated Import it from neomesh/tensor. */
  mapTensors,
  /** @deprecated Import it from neomesh/tensor. */
  mask,
  /** @deprecated Import it from neomesh/tensor. */
  max,
  /** @deprecated Import it from neomesh/tensor. */
  maximum,
  /** @deprecated Import it from neomesh/tensor. */
  mean,
  /** @deprecated Import it from neomesh/tensor. */
  min,
  /** @deprecated Import it from neomesh/tensor. */
  minimum,
  /** @deprecated Import it from neomesh/tensor. */
  mul,
  /** @deprecated Import it from neomesh/tensor. */
  neg,
  /** @deprecated Import it from neomesh/tensor. */
  not,
  /** @deprecated Import it from neomesh/tensor. */
  oneHot,
  /** @deprecated Import it from neomesh/tensor. */
  ones,
  /** @deprecated Import it from neomesh/tensor. */
  or,
  /** @deprecated Import it from neomesh/tensor. */
  pad,
  /** @deprecated Import it from neomesh/tensor. */
  pathsOf,
  /** @deprecated Use sourceLocation from neomesh/tensor. */
  sourceLocation as placeOf,
  /** @deprecated Import it from neomesh/tensor. */
  pow,
  /** @deprecated Import it from neomesh/tensor. */
  primitives,
  /** @deprecated Import it from neomesh/tensor. */
  productOf,
  /** @deprecated Import it from neomesh/tensor. */
  random,
  /** @deprecated Import it from neomesh/tensor. */
  range,
  /** @deprecated Import it from neomesh/tensor. */
  relayout,
  /** @deprecated Import it from neomesh/tensor. */
  relu,
  /** @deprecated Import it from neomesh/tensor. */
  remainder,
  /** @deprecated Import it from neomesh/tensor. */
  rename,
  /** @deprecated Import it from neomesh/tensor. */
  reshape,
  /** @deprecated Import it from neomesh/tensor. */
  rsqrt,
  /** @deprecated Import it from neomesh/tensor. */
  sameDim,
  /** @deprecated Import it from neomesh/tensor. */
  sameDims,
  /** @deprecated Import it from neomesh/tensor. */
  scan,
  /** @deprecated Import it from neomesh/tensor. */
  shiftLeft,
  /** @deprecated Import it from neomesh/tensor. */
  shiftRight,
  /** @deprecated Import it from neomesh/tensor. */
  showDims,
  /** @deprecated Import it from neomesh/tensor. */
  sigmoid,
  /** @deprecated Import it from neomesh/tensor. */
  sign,
  /** @deprecated Import it from neomesh/tensor. */
  sin,
  /** @deprecated Import it from neomesh/tensor. */
  sizeOf,
  /** @deprecated Import it from neomesh/tensor. */
  sort,
  /** @deprecated Import it from neomesh/tensor. */
  sqrt,
  /** @deprecated Import it from neomesh/tensor. */
  square,
  /** @deprecated Import it from neomesh/tensor. */
  stopGradient,
  /** @deprecated Import it from neomesh/tensor. */
  sub,
  /** @deprecated Import it from neomesh/tensor. */
  sum,
  /** @deprecated Import it from neomesh/tensor. */
  take,
  /** @deprecated Import it from neomesh/tensor. */
  tanh,
  /** @deprecated Import it from neomesh/tensor. */
  topK,
  /** @deprecated Import it from neomesh/tensor. */
  total,
  /** @deprecated Import it from neomesh/tensor. */
  transpose,
  /** @deprecated Import it from neomesh/tensor. */
  valueAndGradAux,
  /** @deprecated Import it from neomesh/tensor. */
  where,
  /** @deprecated Import it from neomesh/tensor. */
  withGradient,
  /** @deprecated Import it from neomesh/tensor. */
  withLeaves,
  /** @deprecated Import it from neomesh/tensor. */
  xor,
  /** @deprecated Import it from neomesh/tensor. */
  zeros,
} from './tensor/index.js'
export {
  /** @deprecated Import it from neomesh/mesh. */
  type Axes,
  /** @deprecated Import it from neomesh/mesh. */
  type Axis,
  /** @deprecated Import it from neomesh/mesh. */
  type Block,
  /** @deprecated Import it from neomesh/mesh. */
  type CheckOptions,
  /** @deprecated Import it from neomesh/mesh. */
  type Findings,
  /** @deprecated Import it from neomesh/mesh. */
  type Layout,
  /** @deprecated Import it from neomesh/mesh. */
  type Mesh,
  /** @deprecated Import it from neomesh/mesh. */
  type Pair,
  /** @deprecated Import it from neomesh/mesh. */
  axesOf,
  /** @deprecated Import it from neomesh/mesh. */
  axisSize,
  /** @deprecated Import it from neomesh/mesh. */
  blockOf,
  /** @deprecated Import it from neomesh/mesh. */
  checkPlacement,
  /** @deprecated Import it from neomesh/mesh. */
  coordinates,
  /** @deprecated Import it from neomesh/mesh. */
  cut,
  /** @deprecated Import it from neomesh/mesh. */
  divisorsOf,
  /** @deprecated Import it from neomesh/mesh. */
  largestDivisor,
  /** @deprecated Import it from neomesh/mesh. */
  leadingIndices,
  /** @deprecated Import it from neomesh/mesh. */
  meshProblem,
  /** @deprecated Import it from neomesh/mesh. */
  owners,
  /** @deprecated Import it from neomesh/mesh. */
  parseMesh,
  /** @deprecated Import it from neomesh/mesh. */
  parsePairs,
  /** @deprecated Import it from neomesh/mesh. */
  partsOf,
  /** @deprecated Import it from neomesh/mesh. */
  partsOn,
  /** @deprecated Import it from neomesh/mesh. */
  paste,
  /** @deprecated Import it from neomesh/mesh. */
  rolesOf,
  /** @deprecated Import it from neomesh/mesh. */
  rolesOfOutputs,
  /** @deprecated Import it from neomesh/mesh. */
  shardDims,
} from './mesh/index.js'
export {
  /** @deprecated Import it from neomesh/engine. */
  type CompileOptions,
  /** @deprecated Import it from neomesh/engine. */
  type Compiled,
  /** @deprecated Import it from neomesh/engine. */
  type DebugSubject,
  /** @deprecated Import it from neomesh/engine. */
  ENGINES,
  /** @deprecated Import it from neomesh/engine. */
  type Executable,
  /** @deprecated Import it from neomesh/engine. */
  type FoundPlugin,
  /** @deprecated Import it from neomesh/engine. */
  HOST_ARRAYS,
  /** @deprecated Import it from neomesh/engine. */
  type HostData,
  /** @deprecated Import it from neomesh/engine. */
  type JitOptions,
  /** @deprecated Import it from neomesh/engine. */
  type Jitted,
  /** @deprecated Use SavedExecutable from neomesh/engine. */
  type SavedExecutable as Kept,
  /** @deprecated Import it from neomesh/engine. */
  type LowerOptions,
  /** @deprecated Import it from neomesh/engine. */
  type Lowered,
  /** @deprecated Import it from neomesh/engine. */
  type Platform,
  /** @deprecated Import it from neomesh/engine. */
  PluginNotFoundError,
  /** @deprecated Import it from neomesh/engine. */
  type Storage,
  /** @deprecated Import it from neomesh/engine. */
  XlaEngine,
  /** @deprecated Import it from neomesh/engine. */
  type XlaOptions,
  /** @deprecated Import it from neomesh/engine. */
  bf16ToFloats,
  /** @deprecated Import it from neomesh/engine. */
  debug,
  /** @deprecated Import it from neomesh/engine. */
  findPlugin,
  /** @deprecated Import it from neomesh/engine. */
  floatsToBf16,
  /** @deprecated Import it from neomesh/engine. */
  isDeviceArray,
  /** @deprecated Use programFingerprint from neomesh/engine. */
  programFingerprint as keptKey,
  /** @deprecated Import it from neomesh/engine. */
  lower,
  /** @deprecated Import it from neomesh/engine. */
  toFloats,
  /** @deprecated Use writeExecutable from neomesh/engine. */
  writeExecutable as writeKept,
} from './engine/index.js'
export {
  /** @deprecated Import it from neomesh/config. */
  type ActivationName,
  /** @deprecated Import it from neomesh/config. */
  type AttentionKind,
  /** @deprecated Import it from neomesh/config. */
  type AttentionTypes,
  /** @deprecated Import it from neomesh/config. */
  type DatasetItem,
  /** @deprecated Import it from neomesh/config. */
  type KeyDescription,
  /** @deprecated Import it from neomesh/config. */
  type MixtureConfig,
  /** @deprecated Import it from neomesh/config. */
  type ParseOptions,
  /** @deprecated Import it from neomesh/config. */
  activationNames,
  /** @deprecated Import it from neomesh/config. */
  attentionKindNames,
  /** @deprecated Import it from neomesh/config. */
  microbatchCount,
  /** @deprecated Import it from neomesh/config. */
  modelKeys,
} from './config/index.js'
export {
  /** @deprecated Import it from neomesh/tokenizer. */
  type AddedToken,
  /** @deprecated Import it from neomesh/tokenizer. */
  type DecodeOptions,
  /** @deprecated Import it from neomesh/tokenizer. */
  type EncodeOptions,
  /** @deprecated Import it from neomesh/tokenizer. */
  StreamDecoder,
  /** @deprecated Import it from neomesh/tokenizer. */
  type TokenizerParts,
  /** @deprecated Import it from neomesh/tokenizer. */
  type TrainingProgress,
  /** @deprecated Import it from neomesh/tokenizer. */
  isTokenizer,
  /** @deprecated Import it from neomesh/tokenizer. */
  nameOfTokenizer,
  /** @deprecated Import it from neomesh/tokenizer. */
  notesOfTokenizer,
  /** @deprecated Import it from neomesh/tokenizer. */
  releasedNames,
  /** @deprecated Import it from neomesh/tokenizer. */
  tokenizerJson,
} from './tokenizer/index.js'
export {
  /** @deprecated Import it from neomesh/data. */
  type Batches,
  /** @deprecated Import it from neomesh/data. */
  type BatchesOptions,
  /** @deprecated Import it from neomesh/data. */
  type DatasetConfig,
  /** @deprecated Import it from neomesh/data. */
  type DatasetFile,
  /** @deprecated Import it from neomesh/data. */
  type DatasetIndex,
  /** @deprecated Import it from neomesh/data. */
  type DatasetOptions,
  /** @deprecated Import it from neomesh/data. */
  type DemoDataOptions,
  /** @deprecated Import it from neomesh/data. */
  type DemoTokenizerOptions,
  /** @deprecated Import it from neomesh/data. */
  type DocumentPiece,
  /** @deprecated Import it from neomesh/data. */
  type FoundTexts,
  /** @deprecated Import it from neomesh/data. */
  type GptNeoOrderOptions,
  /** @deprecated Import it from neomesh/data. */
  type Normalise,
  /** @deprecated Import it from neomesh/data. */
  type Order,
  /** @deprecated Import it from neomesh/data. */
  type OrderOptions,
  /** @deprecated Import it from neomesh/data. */
  type PrepareProgress,
  /** @deprecated Import it from neomesh/data. */
  type ReadOptions,
  /** @deprecated Import it from neomesh/data. */
  type ReadReport,
  /** @deprecated Import it from neomesh/data. */
  type SplitTotals,
  /** @deprecated Import it from neomesh/data. */
  type TfRecord,
  /** @deprecated Import it from neomesh/data. */
  checkOneTokenizer,
  /** @deprecated Import it from neomesh/data. */
  decodeExample,
  /** @deprecated Import it from neomesh/data. */
  describePassedOver,
  /** @deprecated Import it from neomesh/data. */
  encodeExample,
  /** @deprecated Import it from neomesh/data. */
  findTexts,
  /** @deprecated Import it from neomesh/data. */
  findTfrecords,
  /** @deprecated Import it from neomesh/data. */
  frameRecord,
  /** @deprecated Import it from neomesh/data. */
  gptNeoOrder,
  /** @deprecated Import it from neomesh/data. */
  identityOf,
  /** @deprecated Import it from neomesh/data. */
  nodeTexts,
  /** @deprecated Import it from neomesh/data. */
  normaliser,
  /** @deprecated Import it from neomesh/data. */
  prepareDemoData,
  /** @deprecated Import it from neomesh/data. */
  proseOf,
  /** @deprecated Import it from neomesh/data. */
  pythonShuffle,
  /** @deprecated Import it from neomesh/data. */
  readDocuments,
  /** @deprecated Import it from neomesh/data. */
  readRecords,
  /** @deprecated Import it from neomesh/data. */
  trainDemoTokenizer,
} from './data/index.js'
export {
  /** @deprecated Import it from neomesh/files. */
  type AtomicFile,
  /** @deprecated Import it from neomesh/files. */
  type AtomicFolderOptions,
  /** @deprecated Import it from neomesh/files. */
  type JsonLines,
  /** @deprecated Import it from neomesh/files. */
  type Lock,
  /** @deprecated Import it from neomesh/files. */
  type NeededKind,
  /** @deprecated Import it from neomesh/files. */
  type OpenFile,
  /** @deprecated Import it from neomesh/files. */
  PARENT,
  /** @deprecated Import it from neomesh/files. */
  type SafetensorsDtype,
  /** @deprecated Import it from neomesh/files. */
  type SafetensorsFile,
  /** @deprecated Import it from neomesh/files. */
  type SafetensorsHeader,
  /** @deprecated Import it from neomesh/files. */
  type SafetensorsWriteOptions,
  /** @deprecated Import it from neomesh/files. */
  type StoredTensor,
  /** @deprecated Import it from neomesh/files. */
  type TensorDescription,
  /** @deprecated Import it from neomesh/files. */
  type TensorEntry,
  /** @deprecated Import it from neomesh/files. */
  type WritableTensor,
  /** @deprecated Import it from neomesh/files. */
  asFileError,
  /** @deprecated Import it from neomesh/files. */
  basename,
  /** @deprecated Import it from neomesh/files. */
  bytesPerElement,
  /** @deprecated Import it from neomesh/files. */
  checkOutputFile,
  /** @deprecated Import it from neomesh/files. */
  compareNatural,
  /** @deprecated Import it from neomesh/files. */
  crc32c,
  /** @deprecated Import it from neomesh/files. */
  createAtomicFile,
  /** @deprecated Import it from neomesh/files. */
  dirname,
  /** @deprecated Import it from neomesh/files. */
  endWithParent,
  /** @deprecated Import it from neomesh/files. */
  escapeGlob,
  /** @deprecated Import it from neomesh/files. */
  foreignKind,
  /** @deprecated Import it from neomesh/files. */
  globFiles,
  /** @deprecated Import it from neomesh/files. */
  headBytes,
  /** @deprecated Import it from neomesh/files. */
  hubHint,
  /** @deprecated Import it from neomesh/files. */
  isAbsolute,
  /** @deprecated Import it from neomesh/files. */
  isCheckout,
  /** @deprecated Import it from neomesh/files. */
  isCloudPath,
  /** @deprecated Import it from neomesh/files. */
  isFile,
  /** @deprecated Import it from neomesh/files. */
  isFolder,
  /** @deprecated Import it from neomesh/files. */
  isGlob,
  /** @deprecated Import it from neomesh/files. */
  jsonText,
  /** @deprecated Import it from neomesh/files. */
  kernelPackages,
  /** @deprecated Import it from neomesh/files. */
  listFiles,
  /** @deprecated Import it from neomesh/files. */
  lockHolder,
  /** @deprecated Import it from neomesh/files. */
  maskCrc,
  /** @deprecated Import it from neomesh/files. */
  maskedCrc32c,
  /** @deprecated Import it from neomesh/files. */
  naturalSort,
  /** @deprecated Import it from neomesh/files. */
  openFile,
  /** @deprecated Import it from neomesh/files. */
  openSafetensors,
  /** @deprecated Import it from neomesh/files. */
  packageFolder,
  /** @deprecated Import it from neomesh/files. */
  parseJson,
  /** @deprecated Import it from neomesh/files. */
  pickleRemedy,
  /** @deprecated Import it from neomesh/files. */
  readFile,
  /** @deprecated Import it from neomesh/files. */
  readFolder,
  /** @deprecated Import it from neomesh/files. */
  readJson,
  /** @deprecated Import it from neomesh/files. */
  readJsonLines,
  /** @deprecated Import it from neomesh/files. */
  readPieces,
  /** @deprecated Import it from neomesh/files. */
  refuseForeign,
  /** @deprecated Import it from neomesh/files. */
  refuseForeignFile,
  /** @deprecated Import it from neomesh/files. */
  refuseScheme,
  /** @deprecated Import it from neomesh/files. */
  relative,
  /** @deprecated Import it from neomesh/files. */
  removeEmptyFolders,
  /** @deprecated Import it from neomesh/files. */
  resolve,
  /** @deprecated Import it from neomesh/files. */
  sha256,
  /** @deprecated Import it from neomesh/files. */
  sha256File,
  /** @deprecated Import it from neomesh/files. */
  sitePackages,
  /** @deprecated Import it from neomesh/files. */
  startJsonLines,
  /** @deprecated Import it from neomesh/files. */
  stat,
  /** @deprecated Import it from neomesh/files. */
  tensorBytes,
  /** @deprecated Import it from neomesh/files. */
  tryLock,
  /** @deprecated Import it from neomesh/files. */
  userFolder,
  /** @deprecated Import it from neomesh/files. */
  userPackages,
  /** @deprecated Import it from neomesh/files. */
  withFileErrors,
  /** @deprecated Import it from neomesh/files. */
  withFileErrorsSync,
  /** @deprecated Import it from neomesh/files. */
  writeFileAtomic,
  /** @deprecated Import it from neomesh/files. */
  writeFolderAtomic,
  /** @deprecated Import it from neomesh/files. */
  writeJsonLines,
  /** @deprecated Import it from neomesh/files. */
  writeSafetensors,
} from './files/index.js'
export {
  /** @deprecated Import it from neomesh/train. */
  type Manifest,
  /** @deprecated Import it from neomesh/train. */
  type MeanLoss,
  /** @deprecated Import it from neomesh/train. */
  MetricsLog,
  /** @deprecated Import it from neomesh/train. */
  type StepProgram,
  /** @deprecated Import it from neomesh/train. */
  arrayFrom,
  /** @deprecated Import it from neomesh/train. */
  checkpointFolder,
  /** @deprecated Import it from neomesh/train. */
  checkpointSteps,
  /** @deprecated Import it from neomesh/train. */
  saveCheckpoint,
  /** @deprecated Import it from neomesh/train. */
  variablesOf,
} from './train/index.js'
export {
  /** @deprecated Import it from neomesh/plan. */
  type Advice,
  /** @deprecated Import it from neomesh/plan. */
  CHIPS,
  /** @deprecated Import it from neomesh/plan. */
  type Chip,
  /** @deprecated Import it from neomesh/plan. */
  type Choice,
  /** @deprecated Import it from neomesh/plan. */
  type Collective,
  /** @deprecated Import it from neomesh/plan. */
  type Estimate,
  /** @deprecated Import it from neomesh/plan. */
  type Found,
  /** @deprecated Import it from neomesh/plan. */
  LIMITS,
  /** @deprecated Import it from neomesh/plan. */
  type LayerCosts,
  /** @deprecated Import it from neomesh/plan. */
  type Limits,
  /** @deprecated Import it from neomesh/plan. */
  type SearchOptions,
  /** @deprecated Import it from neomesh/plan. */
  type SearchResult,
  /** @deprecated Import it from neomesh/plan. */
  type StepTime,
  /** @deprecated Import it from neomesh/plan. */
  type Topology,
  /** @deprecated Import it from neomesh/plan. */
  TopologyError,
  /** @deprecated Import it from neomesh/plan. */
  type Variable,
  /** @deprecated Import it from neomesh/plan. */
  type XlaPlan,
  /** @deprecated Import it from neomesh/plan. */
  flopsFormula,
  /** @deprecated Import it from neomesh/plan. */
  topologiesOf,
  /** @deprecated Import it from neomesh/plan. */
  topologyOf,
} from './plan/index.js'
export {
  /** @deprecated Import it from neomesh/generate. */
  type NewTokens,
  /** @deprecated Import it from neomesh/generate. */
  pickNext,
} from './generate/index.js'
export {
  /** @deprecated Import it from neomesh/ablate. */
  type CostPoint,
  /** @deprecated Import it from neomesh/ablate. */
  type CostSpec,
  /** @deprecated Import it from neomesh/ablate. */
  type EvaluationResult,
  /** @deprecated Import it from neomesh/ablate. */
  type Figure,
  /** @deprecated Import it from neomesh/ablate. */
  type Noise,
  /** @deprecated Import it from neomesh/ablate. */
  type RunResult,
  /** @deprecated Import it from neomesh/ablate. */
  type Spread,
  /** @deprecated Import it from neomesh/ablate. */
  type SummaryRow,
  /** @deprecated Import it from neomesh/ablate. */
  type Variant,
  /** @deprecated Import it from neomesh/ablate. */
  type VariantResult,
  /** @deprecated Import it from neomesh/ablate. */
  configOf,
  /** @deprecated Import it from neomesh/ablate. */
  htmlOf,
  /** @deprecated Import it from neomesh/ablate. */
  markdownOf,
  /** @deprecated Import it from neomesh/ablate. */
  readReport,
  /** @deprecated Import it from neomesh/ablate. */
  summaryNotes,
  /** @deprecated Import it from neomesh/ablate. */
  writeReport,
} from './ablate/index.js'
export {
  /** @deprecated Use environment. */
  environment as surroundings,
} from './notebook/index.js'
