/** What Google Cloud Storage answers, as a line that says what to do. */
import { FileError } from '../error.js'
import { partsOfCloudPath } from '../paths.js'

/** What the library throws: `code` is of HTTP, or of the network ('ECONNREFUSED'). */
export interface CloudFailure extends Error {
  readonly code?: number | string
}

/** Runs requests about a path; `action` completes "cannot ...". Throws FileError: ENOENT where nothing is there. */
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

/** Whether the same request may well succeed a moment later. */
export function isPassing(cause: unknown): boolean {
  const { code = '', message } = cause as CloudFailure
  return (
    [408, 429, 500, 502, 503, 504].includes(statusOf(cause)) ||
    /^(ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|ERR_STREAM_PREMATURE_CLOSE)$/.test(String(code)) ||
    /aborted|socket hang up|network timeout/.test(message)
  )
}

/** Whether the network failed, in whatever way. */
export function isOfNetwork(cause: unknown): boolean {
  return !(cause instanceof FileError) && /^E[A-Z_]+$/.test(String((cause as CloudFailure).code))
}

/** Whether it is the bucket that is not there. */
export function isOfBucket(cause: unknown): boolean {
  return statusOf(cause) === 404 && /bucket does not exist/i.test((cause as Error).message)
}

export function nothingThere(action: string, path: string): FileError {
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
  if (isOfBucket(cause) || (status === 404 && action === 'write'))
    return failed(
      `there is no bucket "${bucket}". Check its name, or make it: gcloud storage buckets create gs://${bucket}`,
      'ENOENT',
    )
  if (status === 404) return nothingThere(action, path)
  if (status === 401)
    return failed(
      `nobody is signed in, or no longer (${answer}). Sign in: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS`,
    )
  if (status === 403)
    return failed(
      `permission denied (${answer}). Ask the bucket's owner for the role Storage Object User, or sign in as somebody else`,
    )
  if (isPassing(cause)) return failed(`Google Cloud Storage does not answer now (${code ?? answer}). Try again later`)
  if (isOfNetwork(cause))
    return failed(
      `${process.env.STORAGE_EMULATOR_HOST ?? 'storage.googleapis.com'} cannot be reached (${String(code)}). Check the network, and STORAGE_EMULATOR_HOST if you set it`,
    )
  return failed(`${answer}${code === undefined ? '' : ` (${code})`}`)
}
