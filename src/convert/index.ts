/** Models in other formats: TensorFlow checkpoints of the original GPT-Neo, Hugging Face folders. */
export {
  exportHf,
  importHf,
  importTf,
  tokenizerFor,
  tokenizerToExport,
  type ImportTensorflowOptions,
} from './commands.js'
export { extraTokens } from './extra-tokens.js'
export { exportHuggingFace, type ExportHuggingFaceOptions, type ReadVariable } from './export-hugging-face.js'
export { configFromHuggingFace } from './config-from-hugging-face.js'
export { configToHuggingFace } from './config-to-hugging-face.js'
export { huggingFaceVariables, openHuggingFace, type HuggingFaceFolder } from './hugging-face.js'
export { openTensorflowVariables, tensorflowVariables, type TensorflowVariables } from './import-tensorflow.js'
export { openTensorflowCheckpoint, type TensorflowCheckpoint, type TensorflowTensor } from './tensorflow-checkpoint.js'
export {
  followed,
  sumOfElements,
  type ConvertOptions,
  type ConvertProgress,
  type ConvertTotals,
  type VariableSource,
} from './variables.js'
