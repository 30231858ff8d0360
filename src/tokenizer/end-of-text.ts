/** GPT-2's token for the end of a text, and GPT-Neo's. */
export const END_OF_TEXT = '<|endoftext|>'

/** What is asked of a tokenizer. */
interface Tokens {
  readonly vocabSize: number
  idOf(token: string): number | undefined
}

/**
 * Id of the token that ends a text, and that a text without a prompt begins after: `eosId`, that of the data that a model
 * was trained on (`eos_id` of its config), where the tokenizer has it; else the usual one. Undefined if there is none.
 */
export function endOfTextId(tokenizer: Tokens, eosId?: number): number | undefined {
  return eosId !== undefined && eosId < tokenizer.vocabSize ? eosId : tokenizer.idOf(END_OF_TEXT)
}
