/** A Hugging Face folder to the hub. */
import { pathToFileURL } from 'node:url'
import { FileError, join, readFolder, resolve } from '../../../files/index.js'
import { hubAccess } from './access.js'
import { withHubErrors } from './errors.js'

export interface UploadOptions {
  /** @default 'main' */
  readonly branch?: string
  /** Make a new repository private. @default false */
  readonly private?: boolean
  readonly signal?: AbortSignal
}

/**
 * Commits the files of a folder to a model's repository, which is created if it does not exist; other files there stay. HF_TOKEN
 * must allow to write. Returns the address of the model. Throws FileError, or the signal's reason.
 */
export async function uploadModel(folder: string, name: string, options: UploadOptions = {}): Promise<string> {
  const { branch = 'main', signal } = options
  const { hubUrl, accessToken, fetch } = hubAccess(signal)
  if (accessToken === undefined)
    throw new FileError(`a token is needed to push ${name} (got none). Set HF_TOKEN to one with write access`, name)
  const entries = await readFolder(folder)
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  const { createRepo, uploadFiles } = await import('@huggingface/hub')
  const access = { hubUrl, accessToken, fetch }
  return withHubErrors({ name, hubUrl, revision: branch, writes: true }, signal, async () => {
    const visibility = options.private ? 'private' : undefined
    await createRepo({ ...access, repo: name, visibility }).catch((cause: { statusCode?: number }) => {
      if (cause.statusCode !== 409) throw cause // it exists
    })
    await uploadFiles({
      ...access,
      repo: name,
      branch,
      files: files.sort().map((file) => ({ path: file, content: pathToFileURL(resolve(join(folder, file))) })),
      commitTitle: 'Upload a GPT-Neo of neomesh',
      abortSignal: signal,
    })
    return `${hubUrl}/${name}`
  })
}
