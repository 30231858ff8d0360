/** The usual packing: each document whole on one side, a separator after it, no id lost. */
import { splitOf, type Packing, type PackingContext } from './packing.js'
import { addText, type Split } from './dataset-split.js'

export function packDocuments(context: PackingContext): Packing {
  const { options, totals } = context
  /** Parts of the present document while it may still turn out too short. */
  let held: { text: string; ids: ArrayLike<number> }[] = []
  let tokens = 0
  let split: Split | undefined

  return {
    async add(text) {
      const ids = options.tokenizer.encode(text)
      tokens += ids.length
      held.push({ text, ids })
      if (tokens < options.minimumSize) return
      split = splitOf(context, totals.documentsRead)
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
