/** A model or a text that cannot be evaluated as asked, or results that cannot be compared. */
export class EvaluationError extends Error {
  override name = 'EvaluationError'
}
