import type { ModelConfig } from '../config/index.js'

/** What a model must do that it does not, to follow its name in an error: to predict next tokens; null if it does. */
export function nextTokenProblem({ mlm_training, auto_encoder }: ModelConfig): string | null {
  const got = mlm_training
    ? 'mlm_training, which sees both sides of each position'
    : auto_encoder
      ? 'auto_encoder, which gives the tokens that it has read'
      : null
  return got === null ? null : `must predict next tokens (got ${got})`
}

/** Throws RangeError for a model that does not predict next tokens. */
export function checkNextTokens(config: ModelConfig): void {
  const problem = nextTokenProblem(config)
  if (problem !== null) throw new RangeError(`the model ${problem}. It cannot continue a text`)
}
