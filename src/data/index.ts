/** Data: raw text to GPT-Neo TFRecords, and TFRecords to batches. */
export { batches, type Batches, type BatchesOptions } from './batches.js'
export { openDataset, type Dataset, type DatasetOptions } from './dataset.js'
export { findTfrecords, type DatasetFile } from './dataset-files.js'
export { datasetFiles, readDatasetConfig, type DatasetConfig } from './dataset-config.js'
export {
  prepareDemoData,
  demoTexts,
  trainDemoTokenizer,
  type DemoDataOptions,
  type DemoTokenizerOptions,
} from './demo.js'
export { nodeTexts, proseOf } from './node-texts.js'
export { describeTotals } from './describe-totals.js'
export { DataError } from './error.js'
export { decodeExample, encodeExample } from './example.js'
export { gptNeoOrder, type GptNeoOrderOptions } from './gpt-neo-order.js'
export { checkOneTokenizer, identityOf } from './identity.js'
export type { DatasetIndex } from './index-file.js'
export { normaliser, type Normalise } from './normalise.js'
export { openSplits, type Splits } from './open-splits.js'
export { order, sampleIds, type Order, type OrderOptions } from './order.js'
export { prepareData, type PrepareTotals } from './prepare.js'
export type { SplitTotals } from './split.js'
export type { PrepareOptions, PrepareProgress } from './prepare-options.js'
export { pythonShuffle } from './python-random.js'
export {
  describePassedOver,
  findTexts,
  readDocuments,
  type DocumentPiece,
  type FoundTexts,
  type ReadOptions,
  type ReadReport,
} from '../corpus/index.js'
export { frameRecord, readRecords, type TfRecord } from './tfrecord.js'
