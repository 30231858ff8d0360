/** neomesh: named dims, traced programs, engines, and GPT-Neo on them. */
export * from './tensor/index.js'
export * from './mesh/index.js'
export * from './engine/index.js'
export * from './config/index.js'
export * from './tokenizer/index.js'
export * from './data/index.js'
export * from './files/index.js'
export * as model from './model/index.js'
export * from './train/index.js'
export * from './plan/index.js'
export * from './generate/index.js'
export * from './ablate/index.js'

// For notebooks.
export * from './notebook/index.js'
export * from './plan/index.js'
