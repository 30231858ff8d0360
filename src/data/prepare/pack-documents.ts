/** The default packing: each document entirely in one split, followed by a separator, without loss of ids. */
import { assignSplit, type Packing, type PackingContext } from './packing.js'
import { addText, type Split } from './dataset-split.js'

export function packDocuments(context: PackingContext): Packing {
  const { options, totals } = context
  /** Parts of the current document while it may still be too short. */
  let held: { text: string; ids: ArrayLike<number> }[] = []
  let tokens = 0
  let split: Split | undefined

  return {
    async add(text) {
      const ids = options.tokenizer.encode(text)
      tokens += ids.length
      held.push({ text, ids })
      if (tokens < options.minimumSize) return
      split = assignSplit(context, totals.documentsRead)
      for (const part of held) await addText(split, part.text, part.ids)
      held = []
    },
    async endDocument() {
      if (split !== undefined) {
        split.documents++
        await split.writer.push(options.separator)
      } else if (held.length > 0) {
        totals.documentsTooShort++
        totals.tokensTooShort += tokens
      }
      totals.documentsRead++
      held = []
      tokens = 0
      split = undefined
    },
  }
}
