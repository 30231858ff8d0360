/**
 * Errors of the Cloud TPU service, of its operations and of signing in, as one line with the next step. The texts are those
 * that users report; codes are those of google.rpc.Code.
 */
import { CloudError, type CloudErrorKind } from './error.js'

/** An error of the client library, or a google.rpc.Status. */
export interface ServiceFailure {
  readonly code?: number | string | null
  readonly message?: string | null
  /** google.rpc.ErrorInfo: reason. */
  readonly reason?: string | null
}

/** Where a failure happened, for its message. */
export interface FailureContext {
  /** Completes "cannot ...": `create the TPU "a"`. */
  readonly action: string
  readonly project: string
  readonly zone?: string
}

interface Rule {
  readonly kind: CloudErrorKind
  readonly codes?: readonly number[]
  readonly pattern?: RegExp
  readonly reason?: string
  readonly advice: (context: FailureContext, found: RegExpExecArray | null, message: string) => string
}

const SIGN_IN = 'Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS'
const consoleOf = (path: string, project: string) => `https://console.cloud.google.com/${path}?project=${project}`

/** The first rule that matches decides. */
const RULES: readonly Rule[] = [
  {
    kind: 'credentials',
    pattern: /could not load the default credentials|unable to detect a project id/i,
    advice: () => `no credentials were found. ${SIGN_IN}`,
  },
  {
    kind: 'credentials',
    pattern: /invalid_grant|invalid_rapt|reauth|token has been expired or revoked|invalid authentication credentials/i,
    advice: () => `the session expired or was revoked. ${SIGN_IN}`,
  },
  { kind: 'credentials', codes: [16], advice: () => `not signed in. ${SIGN_IN}` },
  {
    kind: 'api-disabled',
    pattern: /has not been used in project|API .*is disabled|accessNotConfigured/i,
    reason: 'SERVICE_DISABLED',
    advice: ({ project }) =>
      `the Cloud TPU API is not enabled in project ${project}. Enable it: gcloud services enable tpu.googleapis.com --project ${project}, and wait a few minutes`,
  },
  {
    kind: 'billing',
    pattern: /billing (account|to be enabled|must be enabled|.*disabled|is disabled)|requires billing/i,
    reason: 'BILLING_DISABLED',
    advice: ({ project }) =>
      `billing is off for project ${project}. Link a billing account: ${consoleOf('billing/linkedaccount', project)}`,
  },
  {
    kind: 'rate',
    pattern: /requests? per (minute|day|100 seconds)|rate ?limit/i,
    reason: 'RATE_LIMIT_EXCEEDED',
    advice: () => 'too many requests in a minute. Wait a minute, and run fewer commands at once',
  },
  {
    kind: 'stockout',
    pattern:
      /no more capacity in the zone|insufficient (reserved )?capacity|stockout|ZONE_RESOURCE_POOL_EXHAUSTED|not enough resources|resources .*(not|un)available/i,
    advice: ({ zone }, _, message) =>
      `${zone ?? 'the zone'} has no free capacity of this type${eid(message)}. Name more zones with --zones, or try again later`,
  },
  {
    kind: 'quota',
    pattern: /quota limit '?"?([\w-]+)'?"? has been exceeded\.?(?: limit: (\d+))?(?: in (?:region|zone) ([\w-]+))?/i,
    advice: ({ project, zone }, found) =>
      `the quota ${found![1]}${found![2] === undefined ? '' : `, a limit of ${found![2]}`} in ${found![3] ?? zone ?? 'this region'}, is used up. ` +
      `Free some (neomesh tpu list --all-zones), use another zone, or ask for more: ${consoleOf('iam-admin/quotas', project)}`,
  },
  {
    kind: 'quota',
    pattern: /quota/i,
    advice: ({ project, zone }) =>
      `a quota in ${zone ?? 'this zone'} is used up. Free some (neomesh tpu list --all-zones), use another zone, or ask for more: ${consoleOf('iam-admin/quotas', project)}`,
  },
  {
    kind: 'preempted',
    pattern: /while in state PREEMPTED|was preempted/i,
    advice: () => 'the TPU was preempted and cannot be used again. Delete it and create another one',
  },
  {
    kind: 'zone',
    pattern: /location (\S+) is not found or access is unauthorized/i,
    advice: ({ project }, found) =>
      `project ${project} may not use the zone ${found![1]}. Choose another zone (neomesh tpu zones TYPE), or ask for access to it`,
  },
  {
    kind: 'permission',
    pattern: /permission '?([\w.]+)'? denied/i,
    advice: ({ project }, found) =>
      `your account lacks the permission ${found![1]} in project ${project}. Ask an owner for the role TPU Admin (roles/tpu.admin)`,
  },
  {
    kind: 'permission',
    pattern: /serviceAccountUser|iam\.serviceAccounts\.actAs|act as service account/i,
    advice: () =>
      'your account may not use the service account of the VM. Ask for the role Service Account User on it, or name another with --service-account',
  },
  {
    kind: 'project',
    pattern:
      /project .*(not found|does not exist|deleted|pending deletion)|permission denied on resource project|consumer .*invalid/i,
    reason: 'CONSUMER_INVALID',
    advice: ({ project }) =>
      `project ${project} does not exist, or your account cannot see it. Name another with --project`,
  },
  {
    kind: 'permission',
    codes: [7],
    advice: ({ project }) =>
      `permission denied in project ${project}. Ask an owner for the role TPU Admin (roles/tpu.admin)`,
  },
  {
    kind: 'invalid',
    pattern: /reservation .*(not found|does not exist|not exist)|(not found|invalid).*reservation/i,
    advice: () => 'there is no such reservation in this zone. Check its name: gcloud compute reservations list',
  },
  {
    kind: 'invalid',
    pattern: /runtime ?version|software version/i,
    advice: ({ zone }) =>
      `the service does not know this runtime version. Name another with --runtime; the zone's: gcloud compute tpus tpu-vm versions list --zone ${zone ?? 'ZONE'}`,
  },
  {
    kind: 'invalid',
    pattern: /accelerator ?type|acceleratorConfig|topology .*(invalid|not supported)/i,
    advice: ({ zone }) => `${zone ?? 'the zone'} does not have this type. List zones with: neomesh tpu zones TYPE`,
  },
  {
    kind: 'invalid',
    pattern: /(sub)?network\b.*(not found|does not exist|invalid|not ready)/i,
    advice: () => 'the network or subnetwork does not exist in the project. Name one with --network and --subnetwork',
  },
  {
    kind: 'invalid',
    pattern: /external ?ip|vmExternalIpAccess|constraints\/compute/i,
    advice: () =>
      "the organization's policy forbids external addresses. Use --internal-ip from a machine in the same network",
  },
  {
    kind: 'invalid',
    pattern: /service ?account .*(not found|does not exist|disabled)/i,
    advice: () => 'the service account does not exist or is disabled. Name another with --service-account',
  },
  {
    kind: 'busy',
    codes: [9, 10],
    pattern: /state|operation|in progress|concurrent|being|not ready/i,
    advice: () => 'it is changing its state. Wait a minute, and run the command again',
  },
  { kind: 'exists', codes: [6], advice: () => 'the name is taken. Choose another name' },
  {
    kind: 'not-found',
    codes: [5],
    advice: () => 'it does not exist. List what there is: neomesh tpu list --all-zones',
  },
  { kind: 'rate', codes: [8], advice: () => 'the service refuses more requests for now. Wait a minute, and try again' },
  {
    kind: 'unavailable',
    codes: [4, 13, 14],
    advice: () => 'the Cloud TPU service did not answer, or failed, more than once. Check the network, and try again',
  },
  {
    kind: 'unavailable',
    pattern: /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    advice: () => 'tpu.googleapis.com cannot be reached. Check the network',
  },
  { kind: 'invalid', codes: [3, 9, 11, 12], advice: () => 'the service rejects the request. Correct what it names' },
]

/** The failure as a CloudError; a CloudError is returned unchanged. */
export function classify(failure: unknown, context: FailureContext): CloudError {
  if (failure instanceof CloudError) return failure
  const { code, message: given, reason } = (failure ?? {}) as ServiceFailure
  const message = withoutSecrets(firstLine(given ?? String(failure)))
  const number = Number(code)
  const about = (kind: CloudErrorKind, advice: string) =>
    new CloudError(kind, `cannot ${context.action}: ${advice}${quoted(message, code)}`, { cause: failure })
  for (const rule of RULES) {
    if (rule.reason !== undefined && rule.reason === reason)
      return about(rule.kind, rule.advice(context, null, message))
    if (rule.codes !== undefined && !rule.codes.includes(number)) continue
    const found = rule.pattern?.exec(message) ?? null
    if (rule.pattern !== undefined && found === null) continue
    if (rule.pattern === undefined && rule.codes === undefined) continue
    return about(rule.kind, rule.advice(context, found, message))
  }
  return about('unknown', 'the service answered an error. Try again, or look it up')
}

/** Google's number of the event, which its support asks for. */
function eid(message: string): string {
  const found = /\[EID: (\w+)\]/.exec(message)
  return found ? ` (EID ${found[1]})` : ''
}

function firstLine(message: string): string {
  return message
    .replace(/^\d+ [A-Z_]+: /, '')
    .split('\n')[0]
    .trim()
}

/** The service's words, in parentheses. */
function quoted(message: string, code: ServiceFailure['code']): string {
  const short = message.length > 300 ? `${message.slice(0, 300)}...` : message
  const number = code === undefined || code === null ? '' : `code ${code}: `
  return short === '' ? '' : ` (${number}${short.replace(/[.\s]+$/, '')})`
}

/** A message without what looks like a credential: access and refresh tokens, keys, signed assertions. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/ya29\.[\w.-]+/g, '[token]')
    .replace(/1\/\/[\w-]{20,}/g, '[token]')
    .replace(/eyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, '[token]')
    .replace(/-----BEGIN [^-]+-----[^]*?(-----END [^-]+-----|$)/g, '[key]')
    .replace(/(bearer|access_token|refresh_token|private_key|client_secret)(["'=:\s]+)[^\s"',&]+/gi, '$1$2[token]')
}
