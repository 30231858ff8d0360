/**
 * A note where a tokenizer has more tokens than a model has rows, as where a padding token was added after training;
 * undefined where it has not. A text with such a token cannot be given to the model.
 */
export function extraTokens(tokenizer: string, tokens: number, rows: number): string | undefined {
  if (tokens <= rows) return undefined
  return `${tokenizer} has ${tokens} tokens, the model ${rows} rows: it knows nothing of the ids from ${rows} on`
}
