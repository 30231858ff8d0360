import { packDocuments } from './pack-documents.js'
import { packLikeGptNeo } from './pack-gpt-neo.js'
import { packPassages } from './pack-passages.js'
import type { Packing, PackingContext } from './packing.js'

/** The packing that the options ask for. */
export function choosePacking(context: PackingContext): Packing {
  if (context.options.packing === 'gpt-neo') return packLikeGptNeo(context)
  return context.options.validationUnit === 'passage' ? packPassages(context) : packDocuments(context)
}
