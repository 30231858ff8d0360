/** Packing for few or single documents: passages of each are held out, so that one book gives both sides. */
import { cutText } from '../../corpus/index.js'
import { splitOf, type Packing, type PackingContext } from './packing.js'
import { addText, type Split } from './dataset-split.js'

/** UTF-16 units of a passage. */
const passageLength = 16_384

export function packPassages(context: PackingContext): Packing {
  const { options, totals } = context
  const separatorEnd = options.separator[options.separator.length - 1]
  let passages = 0
  /** The sides that have a part of the present document. */
  const sides = new Set<Split>()

  async function separate(split: Split): Promise<void> {
    if (split.writer.lastId !== separatorEnd) await split.writer.push(options.separator)
  }

  return {
    async add(text) {
      for (const passage of cutText(text, passageLength)) {
        const split = splitOf(context, passages++)
        // What stands on the other side ends here: its text does not go on with the passage after this one.
        for (const other of sides) if (other !== split) await separate(other)
        if (!sides.has(split)) split.documents++
        sides.add(split)
        await addText(split, passage, options.tokenizer.encode(passage))
      }
    },
    async endDocument() {
      for (const split of sides) await separate(split)
      sides.clear()
      totals.documentsRead++
    },
  }
}
