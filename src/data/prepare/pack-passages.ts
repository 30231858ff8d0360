/** Packing for few or single documents: passages of each are held out, so that one book gives both splits. */
import { cutText } from '../../corpus/index.js'
import { assignSplit, type Packing, type PackingContext } from './packing.js'
import { addText, type Split } from './dataset-split.js'

/** UTF-16 units of a passage. */
const passageLength = 16_384

export function packPassages(context: PackingContext): Packing {
  const { options, totals } = context
  const separatorEnd = options.separator[options.separator.length - 1]
  let passages = 0
  /** The splits that have a part of the current document. */
  const splits = new Set<Split>()

  async function separate(split: Split): Promise<void> {
    if (split.writer.lastId !== separatorEnd) await split.writer.push(options.separator)
  }

  return {
    async add(text) {
      for (const passage of cutText(text, passageLength)) {
        const split = assignSplit(context, passages++)
        // Text in the other split ends here, since it does not continue with the next passage.
        for (const other of splits) if (other !== split) await separate(other)
        if (!splits.has(split)) split.documents++
        splits.add(split)
        await addText(split, passage, options.tokenizer.encode(passage))
      }
    },
    async endDocument() {
      for (const split of splits) await separate(split)
      splits.clear()
      totals.documentsRead++
    },
  }
}
