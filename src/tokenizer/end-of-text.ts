/** End-of-text token of GPT-2 and GPT-Neo. */
export const END_OF_TEXT = '<|endoftext|>'

interface Vocabulary {
  readonly vocabSize: number
  idOf(token: string): number | undefined
}

/**
 * Id of the token that ends a text and that precedes a text without a prompt: `eosId` (`eos_id` of the model's config, from
 * its data) if the tokenizer has it, else that of `<|endoftext|>`. Undefined if there is neither.
 */
export function endOfTextId(tokenizer: Vocabulary, eosId?: number): number | undefined {
  return eosId !== undefined && eosId < tokenizer.vocabSize ? eosId : tokenizer.idOf(END_OF_TEXT)
}
