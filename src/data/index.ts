/** Data: raw text to GPT-Neo TFRecords, and TFRecords to batches. */
export { batches, type Batches, type BatchesOptions } from './sampling/batches.js'
export { BEGINS, COUNTS } from './records/completions.js'
export { LABEL_BITS, LABELLED_VOCABULARY, labelledId, labelOf, tokenOfLabelled } from './records/labels.js'
export { writeLabelled, type LabelledTotals, type WriteLabelled } from './prepare/write-labelled.js'
export { openDataset, type Dataset, type DatasetOptions } from './read/dataset.js'
export { findTfrecords, type DatasetFile } from './read/dataset-files.js'
export { datasetFiles, readDatasetConfig, type DatasetConfig } from './read/dataset-config.js'
export {
  prepareDemoData,
  demoTexts,
  trainDemoTokenizer,
  type DemoDataOptions,
  type DemoTokenizerOptions,
} from './demo/demo.js'
export { nodeTexts, proseOf } from './demo/node-texts.js'
export { describeTotals } from './prepare/describe-totals.js'
export { DataError } from './error.js'
export { decodeExample, encodeExample } from './records/example.js'
export { gptNeoOrder, type GptNeoOrderOptions } from './sampling/gpt-neo-order.js'
export { checkOneTokenizer, identityOf } from './read/identity.js'
export type { DatasetIndex } from './records/index-file.js'
export { normaliser, type Normalise } from './prepare/normalise.js'
export { openSplits, type Splits } from './read/open-splits.js'
export { order, sampleIds, type Order, type OrderOptions } from './sampling/order.js'
export { prepareData, type PrepareTotals } from './prepare/prepare.js'
export type { SplitTotals } from './prepare/dataset-split.js'
export type { PrepareOptions, PrepareProgress } from './prepare/prepare-options.js'
export { pythonShuffle } from './sampling/python-random.js'
export {
  describePassedOver,
  findTexts,
  readDocuments,
  type DocumentPiece,
  type FoundTexts,
  type ReadOptions,
  type ReadReport,
} from '../corpus/index.js'
export { frameRecord, readRecords, type TfRecord } from './records/tfrecord.js'
