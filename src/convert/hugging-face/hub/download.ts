/** A model of the Hugging Face hub in the cache on this machine. */
import { createHash } from 'node:crypto'
import type { ListFileEntry } from '@huggingface/hub'
import {
  dirname,
  FileError,
  isFile,
  join,
  lockHolder,
  makeFolder,
  openPartialFile,
  readPieces,
  readText,
  remove,
  tryLock,
  writeFileAtomic,
} from '../../../files/index.js'
import { indexFile, singleFile } from '../weights.js'
import { hubAccess, hubCache, type HubAccess } from './access.js'
import { chooseFiles, type HubFile } from './choose-files.js'
import { networkCode, withHubErrors } from './errors.js'

export interface DownloadOptions {
  /** A branch, a tag or a commit. @default 'main' */
  readonly revision?: string
  /** Folder of the cache. @default HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub */
  readonly cache?: string
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly signal?: AbortSignal
}

export interface DownloadProgress {
  readonly file: string
  readonly bytes: number
  readonly totalBytes: number
}

export interface DownloadedModel {
  readonly folder: string
  /** The commit. */
  readonly commit: string
  readonly notes: readonly string[]
}

/** Attempts to continue a file where the connection broke. */
const ATTEMPTS = 5
const COMMIT = /^[0-9a-f]{40}$/

/**
 * Downloads what makes up a model, unless the cache has it: each file is checked against the repository's checksum, and an
 * interrupted download resumes where it ended. The cache is laid out as Python's huggingface_hub has it. Without a network, or with
 * HF_HUB_OFFLINE=1, a model that was downloaded before is used, with a note. Throws FileError, or the signal's reason.
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<DownloadedModel> {
  const { revision = 'main', cache = hubCache(), signal } = options
  const store = join(cache, `models--${name.replace('/', '--')}`)
  if (process.env.HF_HUB_OFFLINE === '1') {
    const cached = await cachedModel(store, revision)
    if (cached === undefined)
      throw new FileError(
        `${name} must be in the cache ${cache} (it is not). Unset HF_HUB_OFFLINE to download it`,
        name,
      )
    return cached
  }
  const access = hubAccess(signal)
  try {
    return await withHubErrors({ name, revision, hubUrl: access.hubUrl }, signal, () =>
      downloadTo(store, name, revision, access, options),
    )
  } catch (error) {
    const isNetwork = error instanceof FileError && networkCode(error.cause) !== undefined
    const cached = isNetwork ? await cachedModel(store, revision) : undefined
    if (cached === undefined) throw error
    const note = `${access.hubUrl} cannot be reached; the ${name} that was downloaded before is used`
    return { ...cached, notes: [note] }
  }
}

async function downloadTo(
  store: string,
  name: string,
  revision: string,
  access: HubAccess,
  { onProgress, signal }: DownloadOptions,
): Promise<DownloadedModel> {
  const { modelInfo } = await import('@huggingface/hub')
  const { sha: commit } = await modelInfo({ ...access, name, revision, additionalFields: ['sha'] })
  if (!COMMIT.test(commit)) throw new Error(`commit ${commit}`)
  const files = chooseFiles(name, await filesOf(name, commit, access))
  const folder = join(store, 'snapshots', commit)
  await makeFolder(join(store, 'blobs'))
  const lockPath = join(store, '.neomesh-lock')
  const lock = await tryLock(lockPath)
  if (lock === undefined) {
    const { description } = await lockHolder(lockPath)
    throw new FileError(`${name} is being downloaded by ${description}. Wait for it to finish`, store)
  }
  try {
    const totalBytes = files.reduce((sum, { size }) => sum + size, 0)
    let before = 0
    for (const file of files) {
      const report = (bytes: number) => onProgress?.({ file: file.path, bytes: before + bytes, totalBytes })
      await fetchFile({ store, folder, name, commit, file, access, report, signal })
      before += file.size
      report(0)
    }
    if (revision !== commit) {
      const ref = join(store, 'refs', revision)
      await makeFolder(dirname(ref))
      await writeFileAtomic(ref, commit)
    }
  } finally {
    await lock.release()
  }
  return { folder, commit, notes: [] }
}

/** The snapshot of a revision that was downloaded. */
async function cachedModel(store: string, revision: string): Promise<DownloadedModel | undefined> {
  const commit = (await readText(join(store, 'refs', revision)).catch(() => revision)).trim()
  if (!COMMIT.test(commit)) return undefined
  const folder = join(store, 'snapshots', commit)
  const [config, ...weights] = await Promise.all(
    ['config.json', singleFile, indexFile].map((file) => isFile(join(folder, file))),
  )
  return config && weights.includes(true) ? { folder, commit, notes: [] } : undefined
}

async function filesOf(name: string, revision: string, access: HubAccess): Promise<HubFile[]> {
  const { listFiles } = await import('@huggingface/hub')
  const files: HubFile[] = []
  for await (const entry of listFiles({ ...access, repo: name, revision })) {
    const checksum = checksumOf(entry)
    // Names come from the repository; those of folders below are not part of a model.
    if (entry.type === 'file' && checksum !== undefined && /^[\w.-]+$/.test(entry.path))
      files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, checksum })
  }
  return files
}

function checksumOf({ lfs, oid }: ListFileEntry): HubFile['checksum'] | undefined {
  if (lfs !== undefined) return { kind: 'sha256', hex: lfs.oid.replace(/^sha256:/, '') }
  return oid === undefined ? undefined : { kind: 'git', hex: oid }
}

interface FetchFile {
  readonly store: string
  readonly folder: string
  readonly name: string
  readonly commit: string
  readonly file: HubFile
  readonly access: HubAccess
  /** Called with the bytes of the file so far. */
  readonly report: (bytes: number) => void
  readonly signal?: AbortSignal
}

async function fetchFile({ store, folder, name, commit, file, access, report, signal }: FetchFile): Promise<void> {
  const target = join(folder, file.path)
  if (await isFile(target)) return
  const partial = join(store, 'blobs', `${file.checksum.hex}.incomplete`)
  const { downloadFile } = await import('@huggingface/hub')
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    const into = await openPartialFile(partial)
    try {
      if (into.size > file.size) throw new DamagedError()
      if (into.size < file.size) {
        const blob = await downloadFile({ ...access, repo: name, path: file.path, revision: commit })
        if (blob === null) throw new FileError(`${name} has no ${file.path} any more. Try again`, name)
        const rest = into.size > 0 ? blob.slice(into.size, file.size) : blob
        for await (const piece of rest.stream() as unknown as AsyncIterable<Uint8Array>) {
          signal?.throwIfAborted()
          await into.append(piece)
          report(into.size)
        }
      }
      if (into.size !== file.size || (await hashOf(partial, file)) !== file.checksum.hex) throw new DamagedError()
      return await into.commit(target)
    } catch (cause) {
      await into.close()
      signal?.throwIfAborted()
      if (cause instanceof DamagedError) {
        // What was resumed may be of another content: begin again, once.
        const complete = into.size >= file.size
        if (complete) await remove(partial)
        if (attempt >= ATTEMPTS || (complete && attempt > 1))
          throw new FileError(
            `${file.path} of ${name} must have the checksum ${file.checksum.hex} (it differs or is incomplete). Try again later`,
            target,
          )
      } else if (networkCode(cause) === undefined || attempt >= ATTEMPTS) throw cause
      else await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt))
    }
  }
}

/** The content is not that of the repository. */
class DamagedError extends Error {}

/** SHA-256 of large files; of others what git names a blob by: SHA-1 of its length and content. */
async function hashOf(path: string, { size, checksum }: HubFile): Promise<string> {
  const hash = createHash(checksum.kind === 'sha256' ? 'sha256' : 'sha1')
  if (checksum.kind === 'git') hash.update(`blob ${size}\0`)
  for await (const piece of readPieces(path, 1 << 20)) hash.update(piece)
  return hash.digest('hex')
}
