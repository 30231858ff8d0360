/** Failures of renting and using a TPU, by what is to be done about them. */

/**
 * What kind of failure it is. `stockout`, `waited`, `failed-creation` and `zone` let another zone be tried, `preempted`, `unhealthy`
 * and `vanished` the same again; `rate` and `unavailable` are retried; the others need a person.
 */
export type CloudErrorKind =
  | 'usage'
  | 'package'
  | 'credentials'
  | 'permission'
  | 'api-disabled'
  | 'billing'
  | 'project'
  | 'quota'
  | 'stockout'
  | 'waited'
  | 'failed-creation'
  | 'zone'
  | 'rate'
  | 'unavailable'
  | 'exists'
  | 'not-ours'
  | 'not-found'
  | 'preempted'
  | 'vanished'
  | 'unhealthy'
  | 'busy'
  | 'invalid'
  | 'ssh'
  | 'setup'
  | 'training'
  | 'limit'
  | 'left-over'
  | 'unknown'

/** One line: what failed, the service's words where they say more, and the next step. */
export class CloudError extends Error {
  override name = 'CloudError'
  constructor(
    readonly kind: CloudErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The kind of any error: `unknown` for those that are no CloudError. */
export function kindOf(error: unknown): CloudErrorKind {
  return error instanceof CloudError ? error.kind : 'unknown'
}

/** Whether another zone may succeed where one failed like this. */
export function isOfZone(error: unknown): boolean {
  return ['stockout', 'waited', 'failed-creation', 'zone', 'quota'].includes(kindOf(error))
}

/** Whether a new TPU is to be made in the place of one that failed like this. */
export function isLoss(error: unknown): boolean {
  return ['preempted', 'vanished', 'unhealthy'].includes(kindOf(error))
}
