/**
 * The packing of GPT-Neo's create_tfrecords with one process, which reproduces its files. It loses ids, all counted:
 * - each document after the first of a file begins a record; ids that do not fill one are its tail;
 * - a tail of `minimumSize` ids or more is carried to the next file, a smaller one is dropped, with what it carried;
 * - only the last tail of an archive is carried, and the very last one is lost.
 * Its input files were in the order of the folder on disk: give the files one by one to reproduce that.
 * Source: gpt-neo data/create_tfrecords.py (archive_to_tokens, create_tfrecords).
 */
import type { Packing, PackingContext } from './packing.js'
import { addText } from './dataset-split.js'

export function packLikeGptNeo({ options, train, totals }: PackingContext): Packing {
  let carried = new Int32Array(0)
  return {
    async startFile() {
      await train.writer.push(carried)
      carried = new Int32Array(0)
    },
    async add(text) {
      await addText(train, text, options.tokenizer.encode(text))
    },
    async endDocument() {
      await train.writer.push(options.separator)
      const tail = train.writer.takeWaiting()
      train.documents++
      totals.documentsRead++
      if (tail.length >= options.minimumSize) {
        train.tokensDropped += carried.length
        carried = tail
      } else train.tokensDropped += tail.length
    },
    async end() {
      train.tokensDropped += carried.length
    },
  }
}
