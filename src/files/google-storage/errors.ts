/** Failures of Google Cloud Storage as one line with the remedy. */
import { FileError } from '../error.js'
import { partsOfCloudPath } from '../paths.js'

/** An error of the client library: `code` is an HTTP status or a network error code ('ECONNREFUSED'). */
export interface CloudFailure extends Error {
  readonly code?: number | string
}

/** Runs requests about a path; `action` completes "cannot ...". Throws FileError; ENOENT if the object does not exist. */
export async function withCloudErrors<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cloudError(action, path, cause)
  }
}

/** The HTTP status of a failure, or 0. */
export function statusOf(cause: unknown): number {
  return Number((cause as CloudFailure).code) || 0
}

/** Whether the same request may succeed if it is retried. */
export function isTransient(cause: unknown): boolean {
  const { code = '', message } = cause as CloudFailure
  return (
    [408, 429, 500, 502, 503, 504].includes(statusOf(cause)) ||
    /^(ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|ERR_STREAM_PREMATURE_CLOSE)$/.test(String(code)) ||
    /aborted|socket hang up|network timeout/.test(message)
  )
}

/** Whether the failure is the network's rather than the service's. */
export function isNetworkError(cause: unknown): boolean {
  return !(cause instanceof FileError) && /^E[A-Z_]+$/.test(String((cause as CloudFailure).code))
}

/** Whether the bucket, rather than the object, does not exist. */
export function isMissingBucket(cause: unknown): boolean {
  return statusOf(cause) === 404 && /bucket does not exist/i.test((cause as Error).message)
}

/** The error for an object or folder that does not exist. */
export function notFound(action: string, path: string): FileError {
  return new FileError(`cannot ${action} ${path}: it does not exist. Check the path (ENOENT)`, path, 'ENOENT')
}

function cloudError(action: string, path: string, cause: unknown): unknown {
  if (cause instanceof FileError || !(cause instanceof Error)) return cause
  const { code } = cause as CloudFailure
  const status = statusOf(cause)
  const { bucket } = partsOfCloudPath(path)
  const answer = cause.message.split('\n')[0].replace(/[.\s]*$/, '')
  const failed = (what: string, errorCode = 'ECLOUD') =>
    new FileError(`cannot ${action} ${path}: ${what}`, path, errorCode, { cause })
  if (isMissingBucket(cause) || (status === 404 && action === 'write'))
    return failed(
      `the bucket "${bucket}" does not exist. Check its name, or create it: gcloud storage buckets create gs://${bucket}`,
      'ENOENT',
    )
  if (status === 404) return notFound(action, path)
  if (status === 401)
    return failed(
      `not signed in, or the session expired (${answer}). Run \`gcloud auth application-default login\`, or set GOOGLE_APPLICATION_CREDENTIALS`,
    )
  if (status === 403)
    return failed(
      `permission denied (${answer}). Ask the bucket's owner for the role Storage Object User, or sign in with another account`,
    )
  if (isTransient(cause))
    return failed(`Google Cloud Storage is temporarily unavailable (${code ?? answer}). Try again later`)
  if (isNetworkError(cause))
    return failed(
      `${process.env.STORAGE_EMULATOR_HOST ?? 'storage.googleapis.com'} cannot be reached (${String(code)}). Check the network, and STORAGE_EMULATOR_HOST if it is set`,
    )
  return failed(`${answer}${code === undefined ? '' : ` (${code})`}`)
}
