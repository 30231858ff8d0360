/** Models in other formats: TensorFlow checkpoints of the original GPT-Neo, Hugging Face folders. */
export { tokenizerFor, tokenizerToExport } from './checkpoint-tokenizer.js'
export { importHf } from './hugging-face/import.js'
export { exportHf } from './hugging-face/export-checkpoint.js'
export {
  downloadModel,
  importFromHub,
  uploadModel,
  type DownloadedModel,
  type DownloadOptions,
  type DownloadProgress,
  type ImportFromHubOptions,
  type UploadOptions,
} from '#hub'
export { isHubName } from './hugging-face/hub/is-hub-name.js'
export { extraTokens } from './extra-tokens.js'
export { exportHuggingFace, type ExportHuggingFaceOptions, type ReadVariable } from './hugging-face/export.js'
export { configFromHuggingFace } from './hugging-face/read-config.js'
export { configToHuggingFace } from './hugging-face/write-config.js'
export { endOfTextOf } from './hugging-face/end-of-text.js'
export type { AdapterPair, OpenAdapter } from './adapter.js'
export { openAdapter } from './open-adapter.js'
export { exportPeft, importPeft } from './hugging-face/peft.js'
export { isHuggingFace, openBaseOf, openModel, type OpenModel, type OpenModelOptions } from './open-model.js'
export { huggingFaceVariables, openHuggingFace, type HuggingFaceFolder } from './hugging-face/open.js'
export {
  importTensorflow as importTf,
  openTensorflowVariables,
  tensorflowVariables,
  type ImportTensorflowOptions,
  type TensorflowVariables,
} from './tensorflow/import.js'
export { openTensorflowCheckpoint, type TensorflowCheckpoint, type TensorflowTensor } from './tensorflow/checkpoint.js'
export {
  sumOfElements,
  withProgress,
  withProgress as followed,
  type ConvertOptions,
  type ConvertProgress,
  type ConvertTotals,
  type VariableSource,
} from './variables.js'
