/** The library by package entry, for `import` in cells. */
import * as neomesh from '../index.js'
import * as tensor from '../tensor/index.js'
import * as mesh from '../mesh/index.js'
import * as engine from '../engine/index.js'
import * as config from '../config/index.js'
import * as tokenizer from '../tokenizer/index.js'
import * as data from '../data/index.js'
import * as tasks from '../tasks/index.js'
import * as files from '../files/index.js'
import * as model from '../model/index.js'
import * as evaluate from '../evaluate/index.js'
import * as train from '../train/index.js'
import * as plan from '../plan/index.js'
import * as convert from '../convert/index.js'
import * as generate from '../generate/index.js'
import * as ablate from '../ablate/index.js'
import * as notebook from '../notebook/index.js'

/** Modules by name: `neomesh` and its entries in package.json, without those of bundle.ts's NODE_ENTRIES. */
export const modules: Readonly<Record<string, object>> = {
  neomesh,
  'neomesh/tensor': tensor,
  'neomesh/mesh': mesh,
  'neomesh/engine': engine,
  'neomesh/config': config,
  'neomesh/tokenizer': tokenizer,
  'neomesh/data': data,
  'neomesh/tasks': tasks,
  'neomesh/files': files,
  'neomesh/model': model,
  'neomesh/evaluate': evaluate,
  'neomesh/train': train,
  'neomesh/plan': plan,
  'neomesh/convert': convert,
  'neomesh/generate': generate,
  'neomesh/ablate': ablate,
  'neomesh/notebook': notebook,
}
