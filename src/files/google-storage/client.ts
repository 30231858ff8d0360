/**
 * Requests to Google Cloud Storage, or to the server that STORAGE_EMULATOR_HOST names. Transient failures are retried;
 * requests that are not idempotent carry the generation they replace as a precondition.
 */
import { IdempotencyStrategy, Storage, type FileMetadata, type StorageOptions } from '@google-cloud/storage'
import { GoogleAuth, PassThroughClient } from 'google-auth-library'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileError } from '../error.js'
import { partsOfCloudPath } from '../paths.js'
import { isMissingBucket, isNetworkError, isTransient, statusOf, type CloudFailure } from './errors.js'

/** What the service reports about an object. */
export interface ObjectMetadata {
  readonly path: string
  readonly size: number
  /** Version of the content; it increases with each change. */
  readonly generation: string
  /** CRC-32C of the content, if the service reports it. */
  readonly crc32c: number | undefined
  readonly contentEncoding: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  /** Time of the last change of content or metadata, in milliseconds of the service's clock. */
  readonly updated: number
  /** Time of the response that reported this, by the same clock. */
  readonly responseTime: number
}

/** Precondition: the object's generation ('0': must not exist), else the request fails with 412. */
export interface Guard {
  readonly ifGeneration?: string
}

/** All methods reject with a CloudFailure, and with a FileError for a path that does not name an object. */
export interface Client {
  /** Undefined if the object does not exist. */
  metadata(path: string): Promise<ObjectMetadata | undefined>
  /** All objects below a folder; with `flat` only its direct children, and the names of its subfolders. */
  list(
    path: string,
    options?: { flat?: boolean; limit?: number },
  ): Promise<{ files: ObjectMetadata[]; folders: string[] }>
  /** Fills `into` with bytes of one version of an object, starting at `position`. */
  fetchRange(path: string, generation: string, position: number, into: Uint8Array): Promise<void>
  save(path: string, content: Buffer | string, options?: Guard & { metadata?: Record<string, string> }): Promise<void>
  /** Concatenates at most 32 objects into one. */
  compose(paths: readonly string[], to: string, guard?: Guard): Promise<void>
  copy(from: string, to: string): Promise<void>
  setMetadata(path: string, metadata: Record<string, string>, guard: Guard): Promise<void>
  /** Succeeds if the object does not exist. */
  remove(path: string, guard?: Guard): Promise<void>
}

const scopes = ['https://www.googleapis.com/auth/devstorage.read_write']

/**
 * Signs in with Application Default Credentials: those of gcloud, of GOOGLE_APPLICATION_CREDENTIALS, or of the machine
 * in Google's cloud. Without credentials public buckets can be read. A connection that receives nothing for
 * `idleTimeoutMs` milliseconds is treated as broken.
 */
export async function connect(idleTimeoutMs = 60_000): Promise<Client> {
  const storage = await openStorage(idleTimeoutMs)
  const retried = createRetry()

  const bucketOf = (path: string) => {
    const { bucket } = partsOfCloudPath(path)
    if (!/^[a-z0-9][\w.-]{1,220}[a-z0-9]$/.test(bucket))
      throw new FileError(`${path}: "${bucket}" is not a valid bucket name. Write gs://BUCKET/PATH`, path)
    return storage.bucket(bucket)
  }
  const objectOf = (path: string) => {
    const bucket = bucketOf(path)
    const name = nameOf(path)
    if (name === '') throw new FileError(`${path} is a bucket, not a file. Write gs://BUCKET/PATH`, path, 'EISDIR')
    return bucket.file(name)
  }
  const match = ({ ifGeneration }: Guard) => (ifGeneration === undefined ? {} : { ifGenerationMatch: ifGeneration })

  return {
    metadata: (path) =>
      retried(async () => {
        const [metadata, answer] = await objectOf(path).getMetadata()
        return metadataOf(path, metadata, answer)
      }).catch((cause) => {
        if (statusOf(cause) === 404 && !isMissingBucket(cause)) return undefined
        throw cause
      }),

    async list(path, { flat = false, limit } = {}) {
      const { bucket, name } = partsOfCloudPath(path)
      const files: ObjectMetadata[] = []
      const folders: string[] = []
      const prefix = name === '' ? '' : `${name}/`
      let query: object | null = { prefix, maxResults: limit, ...(flat && { delimiter: '/' }) }
      while (query) {
        const page: object = query
        const [found, next, answer] = await retried(() => bucketOf(path).getFiles({ ...page, autoPaginate: false }))
        files.push(...found.map((file) => metadataOf(`gs://${bucket}/${file.name}`, file.metadata, undefined)))
        folders.push(...((answer as { prefixes?: string[] } | undefined)?.prefixes ?? []))
        query = limit === undefined ? next : null
      }
      return { files, folders }
    },

    async fetchRange(path, generation, position, into) {
      let done = 0
      await retried(async () => {
        const pieces = fetchPieces(storage, path, generation, position + done, position + into.length, idleTimeoutMs)
        for await (const piece of pieces) {
          if (piece.length > into.length - done) throw failure('received more bytes than requested', 'ECLOUD')
          into.set(piece, done)
          done += piece.length
        }
        if (done < into.length) throw failure(`received ${done} of ${into.length} bytes`, 'ECONNRESET')
      })
    },

    save: (path, content, { metadata, ...guard } = {}) =>
      retried(async () => {
        const about = metadata && { metadata: { metadata } }
        // The response comes only after the whole upload, so the timeout must cover that.
        const options = { resumable: false, timeout: 5 * idleTimeoutMs, preconditionOpts: match(guard) }
        await objectOf(path).save(content, { ...options, ...about })
      }),

    compose: (paths, to, guard = {}) =>
      retried(async () => void (await bucketOf(to).combine(paths.map(objectOf), objectOf(to), match(guard)))),

    copy: (from, to) => retried(async () => void (await objectOf(from).copy(objectOf(to)))),

    setMetadata: (path, metadata, guard) =>
      retried(async () => void (await objectOf(path).setMetadata({ metadata }, match(guard)))),

    remove: (path, guard = {}) =>
      retried(async () => void (await objectOf(path).delete({ ...match(guard), ignoreNotFound: true }))),
  }
}

async function openStorage(timeout: number): Promise<Storage> {
  // The library's own retries would wait a minute for a host that does not exist.
  const options: StorageOptions = {
    timeout,
    retryOptions: { autoRetry: false, idempotencyStrategy: IdempotencyStrategy.RetryNever },
  }
  if (process.env.STORAGE_EMULATOR_HOST) {
    const storage = new Storage(options)
    // The library expects /storage/v1 in the variable; other clients expect it without.
    storage.baseUrl = `${storage.apiEndpoint}/storage/v1`
    return storage
  }
  const found = await new GoogleAuth({ scopes }).getClient().catch((cause: Error) => {
    if (/could not load the default credentials/i.test(cause.message)) return undefined
    const named = process.env.GOOGLE_APPLICATION_CREDENTIALS ?? ''
    const advice = 'Check GOOGLE_APPLICATION_CREDENTIALS, or sign in: gcloud auth application-default login'
    throw new FileError(`cannot sign in to Google Cloud Storage: ${cause.message.split('\n')[0]} ${advice}`, named)
  })
  return new Storage({ ...options, authClient: found ?? new PassThroughClient() })
}

/** Attempts per request and the first delay, which doubles each time: about half a minute in total. */
const maximumAttempts = 8
const firstDelayMs = 250

function createRetry() {
  let reached = false
  return async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work()
        reached = true
        return result
      } catch (cause) {
        // If no request has succeeded yet, the address may be wrong: then a network error is final.
        const retryable = isTransient(cause) || (reached && isNetworkError(cause))
        if (!retryable || attempt === maximumAttempts) throw cause
        await sleep(firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
      }
    }
  }
}

/** An object's exact name, including names that no normalised path has: "folder/", "a//b". */
function nameOf(path: string): string {
  return /^gs:\/\/[^/]*\/?(.*)$/s.exec(path)![1]
}

function metadataOf(path: string, metadata: FileMetadata, answer: unknown): ObjectMetadata {
  const { size, generation, crc32c, contentEncoding, updated } = metadata
  const { headers } = (answer ?? {}) as { headers?: Record<string, string> }
  return {
    path,
    size: Number(size),
    generation: String(generation),
    crc32c: crc32c === undefined ? undefined : Buffer.from(crc32c, 'base64').readUInt32BE(),
    contentEncoding,
    metadata: metadata.metadata ?? {},
    updated: Date.parse(updated ?? ''),
    responseTime: Date.parse(headers?.date ?? '') || Date.now(),
  }
}

/** Streams bytes up to `end`. The library's own reader never ends when a connection breaks. */
async function* fetchPieces(
  storage: Storage,
  path: string,
  generation: string,
  position: number,
  end: number,
  idleTimeoutMs: number,
): AsyncGenerator<Uint8Array> {
  const { bucket, name } = partsOfCloudPath(path)
  const url = `${storage.baseUrl}/b/${bucket}/o/${encodeURIComponent(name)}?alt=media&generation=${generation}`
  const signed = process.env.STORAGE_EMULATOR_HOST ? {} : await storage.authClient.getRequestHeaders(url)
  const headers = { ...signed, range: `bytes=${position}-${end - 1}`, 'accept-encoding': 'identity' }
  const idle = new AbortController()
  const timer = setTimeout(() => idle.abort(), idleTimeoutMs)
  try {
    const answer = await fetch(url, { headers, signal: idle.signal })
    if (!answer.ok) throw failure(await answer.text(), answer.status)
    for await (const piece of answer.body!) {
      timer.refresh()
      yield piece as Uint8Array
    }
  } catch (cause) {
    throw typeof (cause as CloudFailure).code === 'number' ? cause : asFailure(cause as NetworkFailure)
  } finally {
    clearTimeout(timer)
  }
}

/** The error that fetch rejects with. */
type NetworkFailure = Error & { cause?: { code?: string; message?: string } }

/** A failure with the code of its cause. */
function asFailure(cause: NetworkFailure): CloudFailure {
  const { code, message } = cause.cause ?? {}
  return failure(message ?? cause.message, code?.startsWith('E') ? code : 'ECONNRESET')
}

function failure(message: string, code: string | number): CloudFailure {
  return Object.assign(new Error(message), { code })
}
