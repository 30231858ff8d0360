/**
 * Ids of labelled data: beside the token an id says what the loss asks for at its position, which need not be the next
 * token. Bits 0 to 14 are the token; the bits above are the label plus one, or 0 where the loss counts nothing. So such
 * records are GPT-Neo's in their form.
 */
export const LABEL_BITS = 15

/** Tokens and labels must be below it. */
export const LABELLED_VOCABULARY = 2 ** LABEL_BITS

/** An id; `label` -1: none. */
export const labelledId = (token: number, label: number) => token + (label + 1) * LABELLED_VOCABULARY

/** The token of an id. */
export const tokenOfLabelled = (id: number) => id % LABELLED_VOCABULARY

/** The label of an id, or -1. */
export const labelOf = (id: number) => Math.floor(id / LABELLED_VOCABULARY) - 1
