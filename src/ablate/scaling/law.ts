/** Loss as a function of size and data: loss = E + A / N^a + B / D^b. Source: Hoffmann et al. 2022, approach 3. */
export interface ScalingLaw {
  /** Loss that neither parameters nor tokens lower, nats per token. */
  readonly E: number
  readonly A: number
  /** Exponent of the parameters. */
  readonly a: number
  readonly B: number
  /** Exponent of the tokens. */
  readonly b: number
}

/** The result of one training. */
export interface ScalingPoint {
  /** N: parameters without embeddings. */
  readonly parameters: number
  /** D: tokens trained on. */
  readonly tokens: number
  /** On validation data after the last step, nats per token. */
  readonly loss: number
}

/** The loss that a law gives for N parameters and D tokens, nats per token. */
export function lossOfLaw({ E, A, a, B, b }: ScalingLaw, parameters: number, tokens: number): number {
  return E + A / parameters ** a + B / tokens ** b
}

/**
 * Exponents of the compute-optimal size and length: of all N and D with 6 N D = C, the loss is lowest at N proportional to
 * C^parameters and D to C^tokens.
 */
export function optimalExponents({ a, b }: Pick<ScalingLaw, 'a' | 'b'>): { parameters: number; tokens: number } {
  return { parameters: b / (a + b), tokens: a / (a + b) }
}
