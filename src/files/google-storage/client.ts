/**
 * Requests to Google Cloud Storage, or to the server that STORAGE_EMULATOR_HOST names, each tried again where that may
 * help. What a repeated request would do twice is guarded by the generation of what it replaces.
 */
import { IdempotencyStrategy, Storage, type FileMetadata, type StorageOptions } from '@google-cloud/storage'
import { GoogleAuth, PassThroughClient } from 'google-auth-library'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileError } from '../error.js'
import { partsOfCloudPath } from '../paths.js'
import { isOfBucket, isOfNetwork, isPassing, statusOf, type CloudFailure } from './errors.js'

/** What the service tells of an object. */
export interface ObjectAbout {
  readonly path: string
  readonly size: number
  /** Of this content; later ones are larger. */
  readonly generation: string
  /** CRC-32C of the content, if the service tells it. */
  readonly crc32c: number | undefined
  readonly contentEncoding: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  /** When content or metadata changed last, and when this was told: milliseconds by the service's clock. */
  readonly updated: number
  readonly told: number
}

/** The generation that is to be there for the request to be carried out, else it fails with 412; '0' is none. */
export interface Guard {
  readonly ifGeneration?: string
}

/** All reject with a CloudFailure, and with a FileError for a path that names no object. */
export interface Client {
  /** Undefined if there is no such object. */
  about(path: string): Promise<ObjectAbout | undefined>
  /** The objects below a folder; with `flat` those right in it, and the names of its folders. */
  list(path: string, options?: { flat?: boolean; limit?: number }): Promise<{ files: ObjectAbout[]; folders: string[] }>
  /** Fills `into` with the bytes of a version of an object from a position on. */
  fetchRange(path: string, generation: string, position: number, into: Uint8Array): Promise<void>
  save(path: string, content: Buffer | string, options?: Guard & { metadata?: Record<string, string> }): Promise<void>
  /** Makes an object of at most 32 others. */
  compose(paths: readonly string[], to: string, guard?: Guard): Promise<void>
  copy(from: string, to: string): Promise<void>
  setMetadata(path: string, metadata: Record<string, string>, guard: Guard): Promise<void>
  /** What is not there is fine. */
  remove(path: string, guard?: Guard): Promise<void>
}

const scopes = ['https://www.googleapis.com/auth/devstorage.read_write']

/**
 * Signs in with Application Default Credentials: those of gcloud, of GOOGLE_APPLICATION_CREDENTIALS, or of the machine
 * in Google's cloud. Where there are none, what is public can be read. A connection that is silent for `patience`
 * milliseconds is as good as broken.
 */
export async function connect(patience = 60_000): Promise<Client> {
  const storage = await openStorage(patience)
  const retried = createRetry()

  const bucketOf = (path: string) => {
    const { bucket } = partsOfCloudPath(path)
    if (!/^[a-z0-9][\w.-]{1,220}[a-z0-9]$/.test(bucket))
      throw new FileError(`${path}: "${bucket}" is no name of a bucket. Write gs://BUCKET/PATH`, path)
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
    about: (path) =>
      retried(async () => {
        const [metadata, answer] = await objectOf(path).getMetadata()
        return aboutOf(path, metadata, answer)
      }).catch((cause) => {
        if (statusOf(cause) === 404 && !isOfBucket(cause)) return undefined
        throw cause
      }),

    async list(path, { flat = false, limit } = {}) {
      const { bucket, name } = partsOfCloudPath(path)
      const files: ObjectAbout[] = []
      const folders: string[] = []
      const prefix = name === '' ? '' : `${name}/`
      let query: object | null = { prefix, maxResults: limit, ...(flat && { delimiter: '/' }) }
      while (query) {
        const page: object = query
        const [found, next, answer] = await retried(() => bucketOf(path).getFiles({ ...page, autoPaginate: false }))
        files.push(...found.map((file) => aboutOf(`gs://${bucket}/${file.name}`, file.metadata, undefined)))
        folders.push(...((answer as { prefixes?: string[] } | undefined)?.prefixes ?? []))
        query = limit === undefined ? next : null
      }
      return { files, folders }
    },

    async fetchRange(path, generation, position, into) {
      let done = 0
      await retried(async () => {
        const pieces = fetchPieces(storage, path, generation, position + done, position + into.length, patience)
        for await (const piece of pieces) {
          if (piece.length > into.length - done) throw failure('more bytes came than were asked for', 'ECLOUD')
          into.set(piece, done)
          done += piece.length
        }
        if (done < into.length) throw failure(`${done} of ${into.length} bytes came`, 'ECONNRESET')
      })
    },

    save: (path, content, { metadata, ...guard } = {}) =>
      retried(async () => {
        const about = metadata && { metadata: { metadata } }
        // Nothing comes back before all is sent, which takes longer than an answer does.
        const options = { resumable: false, timeout: 5 * patience, preconditionOpts: match(guard) }
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
  // The library's own trying again takes a host that does not exist for one that may come, for a minute.
  const options: StorageOptions = {
    timeout,
    retryOptions: { autoRetry: false, idempotencyStrategy: IdempotencyStrategy.RetryNever },
  }
  if (process.env.STORAGE_EMULATOR_HOST) {
    const storage = new Storage(options)
    // The library takes the variable for the address with /storage/v1, all others for that without.
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

/** Tries of one request, and milliseconds of the first pause; each pause is twice as long: half a minute in all. */
const tries = 8
const firstPause = 250

function createRetry() {
  let reached = false
  return async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work()
        reached = true
        return result
      } catch (cause) {
        // A network that was there before will be there again; else the address may be wrong.
        const passing = isPassing(cause) || (reached && isOfNetwork(cause))
        if (!passing || attempt === tries) throw cause
        await sleep(firstPause * 2 ** (attempt - 1) * (0.5 + Math.random()))
      }
    }
  }
}

/** An object's name as it is, which no path may lead to: "folder/", "a//b". */
function nameOf(path: string): string {
  return /^gs:\/\/[^/]*\/?(.*)$/s.exec(path)![1]
}

function aboutOf(path: string, metadata: FileMetadata, answer: unknown): ObjectAbout {
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
    told: Date.parse(headers?.date ?? '') || Date.now(),
  }
}

/** Bytes up to `end` as they come. The library's own way to read them never ends when a connection breaks. */
async function* fetchPieces(
  storage: Storage,
  path: string,
  generation: string,
  position: number,
  end: number,
  patience: number,
): AsyncGenerator<Uint8Array> {
  const { bucket, name } = partsOfCloudPath(path)
  const url = `${storage.baseUrl}/b/${bucket}/o/${encodeURIComponent(name)}?alt=media&generation=${generation}`
  const signed = process.env.STORAGE_EMULATOR_HOST ? {} : await storage.authClient.getRequestHeaders(url)
  const headers = { ...signed, range: `bytes=${position}-${end - 1}`, 'accept-encoding': 'identity' }
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), patience)
  try {
    const answer = await fetch(url, { headers, signal: silence.signal })
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

/** What fetch rejects with. */
type NetworkFailure = Error & { cause?: { code?: string; message?: string } }

/** A failure with the code of its cause. */
function asFailure(cause: NetworkFailure): CloudFailure {
  const { code, message } = cause.cause ?? {}
  return failure(message ?? cause.message, code?.startsWith('E') ? code : 'ECONNRESET')
}

function failure(message: string, code: string | number): CloudFailure {
  return Object.assign(new Error(message), { code })
}
