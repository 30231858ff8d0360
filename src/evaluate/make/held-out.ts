import type { Dataset } from '../../data/index.js'
import type { Tokenizer } from '../../tokenizer/index.js'

/**
 * The texts of a data set that `neomesh data prepare` wrote, such as its validation split: its ids in one stream, cut at the
 * end-of-text token. Texts that begin or end in another split are cut there.
 */
export async function textsOfDataset(data: Dataset, tokenizer: Tokenizer, eosId: number): Promise<string[]> {
  const repeated = data.indexes.length === 1 ? data.indexes[0].tokensRepeated : 0
  const texts: string[] = []
  let ids: number[] = []
  const close = () => {
    if (ids.length > 0) texts.push(tokenizer.decode(ids))
    ids = []
  }
  for (let number = 0; number < data.size; number++) {
    const record = await data.read(number)
    // The last record begins with ids of the one before, so that it is full.
    for (const id of number === data.size - 1 ? record.subarray(repeated) : record) {
      if (id === eosId) close()
      else ids.push(id)
    }
  }
  close()
  return texts
}
