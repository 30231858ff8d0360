/**
 * Ids of data with prompts and completions: beside the token an id says whether a document begins with it, and whether
 * the loss counts it. Below 2^29 is the token, so that such records are GPT-Neo's in their form.
 */
export const BEGINS = 2 ** 29
export const COUNTS = 2 ** 30

/** The token of an id. */
export const tokenOf = (id: number) => id % BEGINS
