/** Byte-level BPE, as GPT-2 and GPT-Neo have it: training, encoding, decoding, and Hugging Face's files. */
export type { AddedToken } from './added-tokens.js'
export { TokenizerError } from './error.js'
export { loadTokenizer } from './load.js'
export type { TokenizerParts } from './parts.js'
export { saveTokenizer } from './save.js'
export type { StreamDecoder } from './stream-decoder.js'
export { Tokenizer, type DecodeOptions, type EncodeOptions } from './tokenizer.js'
export { trainTokenizer, type TrainingProgress, type TrainTokenizerOptions } from './train.js'
