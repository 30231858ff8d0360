/**
 * JupyterLite's files are the kernel's: notebooks, runs, data and texts are one tree, which the file browser shows and cells
 * read. It replaces JupyterLite's own storage, which cells cannot reach.
 */
import { startBrowser } from '../../src/browser/start.js'
import { localFiles, onChange } from '../../src/files/browser/index.js'
import { basename, dirname, join } from '../../src/files/paths.js'

/** JupyterLab's `Contents.IModel`; `path` has no slash at its beginning. */
export interface Model {
  readonly name: string
  readonly path: string
  readonly type: 'directory' | 'notebook' | 'file'
  readonly created: string
  readonly last_modified: string
  readonly writable: boolean
  readonly mimetype: string
  readonly size: number
  readonly format: Format | null
  readonly content: any
}

type Format = 'json' | 'text' | 'base64'

interface Change {
  readonly type: 'new' | 'delete' | 'rename' | 'save'
  readonly oldValue: Partial<Model> | null
  readonly newValue: Partial<Model> | null
}

interface SaveOptions extends Partial<Model> {
  /** Of a large file that comes in pieces: 1, 2, ..., and -1 for the last one. */
  readonly chunk?: number
}

export interface DriveParts {
  /** Lumino's signal. */
  readonly Signal: new (sender: object) => { emit(change: Change): void }
  readonly serverSettings: unknown
  /** Address of the folder with the site's files.json. */
  readonly base: string
}

/** Copies from before the last save, for "Revert to Checkpoint". */
const CHECKPOINTS = '/.neomesh/checkpoints'
const CHECKPOINT = 'checkpoint'
/** What the site brings has no date. */
const DATE = new Date(Date.UTC(2026, 0)).toISOString()
/** Least time between two updates of the file browser while cells write, in ms. */
const REFRESH = 500

const absolute = (path: string) => `/${path.split('/').filter(Boolean).join('/')}`
const relative = (path: string) => path.slice(1)

const EMPTY_NOTEBOOK = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }

const MIME_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gif: 'image/gif',
  html: 'text/html',
  ipynb: 'application/json',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  jsonl: 'text/plain',
  md: 'text/markdown',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ts: 'text/plain',
  txt: 'text/plain',
}
const mimeOf = (path: string) => MIME_TYPES[/[^.]*$/.exec(path)![0].toLowerCase()] ?? 'application/octet-stream'

/** A drive of JupyterLab's contents manager. Its errors are shown as they are; that of a path that is not there has status 404. */
export function createDrive({ Signal, serverSettings, base }: DriveParts) {
  // Without what the site brings, as on a broken connection, there is what was written.
  const ready = startBrowser({ base }).catch((cause) => console.warn('the lessons cannot be listed:', cause))
  const fileChanged = new Signal({})
  const uploads = new Map<string, Awaited<ReturnType<typeof localFiles.createAtomicFile>>>()
  const urls = new Map<string, string>()

  // Paths that cells and other tabs have changed.
  const changed = new Set<string>()
  onChange((paths) => {
    if (changed.size === 0) setTimeout(tell, REFRESH)
    for (const path of paths) changed.add(path)
  })
  function tell(): void {
    const folders = new Map([...changed].map((path) => [dirname(path), path]))
    changed.clear()
    for (const path of folders.values())
      fileChanged.emit({ type: 'new', oldValue: null, newValue: { path: relative(path) } })
  }

  async function statusOf(path: string) {
    await ready
    return localFiles.stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause
      throw Object.assign(new Error(`${path} does not exist`, { cause }), { response: { status: 404 } })
    })
  }
  const exists = (path: string) =>
    statusOf(path).then(
      () => true,
      () => false,
    )
  const folderAt = async (path: string) => (await statusOf(path)).isDirectory()

  function modelOf(path: string, { size, isDirectory, mtimeMs }: Awaited<ReturnType<typeof statusOf>>): Model {
    const date = mtimeMs === undefined ? DATE : new Date(mtimeMs).toISOString()
    const type = isDirectory() ? 'directory' : path.endsWith('.ipynb') ? 'notebook' : 'file'
    const kept = { name: basename(path), path: relative(path), created: date, last_modified: date, writable: true }
    const mimetype = type === 'directory' ? '' : mimeOf(path)
    return { ...kept, type, size, mimetype, format: null, content: null }
  }

  async function get(given: string, options: GetOptions = {}): Promise<Model> {
    const path = absolute(given)
    const model = modelOf(path, await statusOf(path))
    if (options.content === false) return model
    if (model.type === 'directory') return { ...model, format: 'json', content: await list(path) }
    const bytes = await localFiles.readFile(path)
    const isNotebook = model.type === 'notebook' && options.type !== 'file'
    const format = options.format ?? (isNotebook ? 'json' : isText(bytes) ? 'text' : 'base64')
    return { ...model, type: isNotebook ? 'notebook' : 'file', format, content: contentOf(given, bytes, format) }
  }

  async function list(folder: string): Promise<Model[]> {
    const entries = (await localFiles.readFolder(folder)).filter(({ name }) => !name.startsWith('.'))
    return Promise.all(entries.map(async ({ name }) => modelOf(join(folder, name), await statusOf(join(folder, name)))))
  }

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const file = await localFiles.createAtomicFile(path)
    await file.write(bytes)
    await file.commit()
  }

  async function save(given: string, options: SaveOptions): Promise<Model> {
    const path = absolute(given)
    await ready
    if (options.type === 'directory') await localFiles.makeFolder(path)
    else if (options.chunk === undefined) await write(path, bytesOf(options))
    else {
      if (options.chunk === 1) uploads.set(path, await localFiles.createAtomicFile(path))
      const file = uploads.get(path)
      if (file === undefined) throw new Error(`the upload of ${path} must begin with its first part. Upload it again`)
      await file.write(bytesOf(options))
      if (options.chunk === -1) {
        uploads.delete(path)
        await file.commit()
      } else {
        return { ...modelOf(path, { isFile: () => true, isDirectory: () => false, size: file.size }), content: null }
      }
    }
    const model = await get(given, { content: false })
    fileChanged.emit({ type: 'save', oldValue: null, newValue: model })
    return model
  }

  /** The first of `name`, `name1`, ... that is free. */
  async function freePath(folder: string, names: (count: number) => string): Promise<string> {
    let count = 0
    while (await exists(join(folder, names(count)))) count++
    return join(folder, names(count))
  }

  async function created(path: string): Promise<Model> {
    const model = await get(relative(path), { content: false })
    fileChanged.emit({ type: 'new', oldValue: null, newValue: model })
    return model
  }

  async function newUntitled({ path = '', type = 'notebook', ext = '.txt' }: NewOptions = {}): Promise<Model> {
    const folder = absolute(path)
    const [stem, suffix] = {
      directory: ['Untitled Folder', ''],
      notebook: ['Untitled', '.ipynb'],
      file: ['untitled', ext],
    }[type]
    const target = await freePath(folder, (count) => `${stem}${count || ''}${suffix.replace(/^(?=[^.])/, '.')}`)
    if (type === 'directory') await localFiles.makeFolder(target)
    else await write(target, encode(type === 'notebook' ? JSON.stringify(EMPTY_NOTEBOOK) : ''))
    return created(target)
  }

  async function copyTree(from: string, to: string): Promise<void> {
    if (!(await folderAt(from))) return write(to, await localFiles.readFile(from))
    await localFiles.makeFolder(to)
    for (const { name } of await localFiles.readFolder(from)) await copyTree(join(from, name), join(to, name))
  }

  async function copy(given: string, toFolder: string): Promise<Model> {
    const from = absolute(given)
    const [, stem, suffix] = /^(.+?)(\.[^.]*)?$/.exec(basename(from))!
    const target = await freePath(absolute(toFolder), (count) =>
      count === 0 ? basename(from) : `${stem}-Copy${count}${suffix ?? ''}`,
    )
    await copyTree(from, target)
    return created(target)
  }

  async function rename(given: string, to: string): Promise<Model> {
    const [from, target] = [absolute(given), absolute(to)]
    await statusOf(from)
    if (await exists(target)) throw new Error(`${target} must be a new name (it exists). Choose another one`)
    // What the site serves stays where it is; the reader gets a copy.
    await localFiles.rename(from, target).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EROFS') throw cause
      return copyTree(from, target)
    })
    const [checkpoint, moved] = [CHECKPOINTS + from, CHECKPOINTS + target]
    if (await exists(checkpoint)) {
      await localFiles.makeFolder(dirname(moved))
      await localFiles.remove(moved)
      await localFiles.rename(checkpoint, moved)
    }
    const model = await get(to, { content: false })
    fileChanged.emit({ type: 'rename', oldValue: { path: relative(from) }, newValue: model })
    return model
  }

  async function remove(given: string): Promise<void> {
    const path = absolute(given)
    await statusOf(path)
    await localFiles.remove(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EROFS') throw cause
      throw new Error(`${path} is part of the site and stays. What you change of it can be deleted`, { cause })
    })
    await localFiles.remove(CHECKPOINTS + path)
    fileChanged.emit({ type: 'delete', oldValue: { path: relative(path) }, newValue: null })
  }

  async function getDownloadUrl(given: string): Promise<string> {
    const path = absolute(given)
    await statusOf(path)
    const bytes = await localFiles.readFile(path)
    const old = urls.get(path)
    if (old !== undefined) URL.revokeObjectURL(old)
    const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mimeOf(path) }))
    urls.set(path, url)
    return url
  }

  async function listCheckpoints(given: string) {
    const path = CHECKPOINTS + absolute(given)
    if (!(await exists(path))) return []
    return [{ id: CHECKPOINT, last_modified: modelOf(path, await statusOf(path)).last_modified }]
  }

  async function createCheckpoint(given: string) {
    const [path, target] = [absolute(given), CHECKPOINTS + absolute(given)]
    await statusOf(path)
    await localFiles.makeFolder(dirname(target))
    await write(target, await localFiles.readFile(path))
    return (await listCheckpoints(given))[0]
  }

  return {
    name: 'neomesh',
    serverSettings,
    fileChanged,
    isDisposed: false,
    dispose() {},
    get,
    save,
    newUntitled,
    copy,
    rename,
    delete: remove,
    getDownloadUrl,
    createCheckpoint,
    listCheckpoints,
    async restoreCheckpoint(given: string) {
      await ready
      await write(absolute(given), await localFiles.readFile(CHECKPOINTS + absolute(given)))
    },
    async deleteCheckpoint(given: string) {
      await ready
      await localFiles.remove(CHECKPOINTS + absolute(given))
    },
  }
}

interface GetOptions {
  readonly content?: boolean
  readonly format?: Format
  readonly type?: string
}

interface NewOptions {
  readonly path?: string
  readonly type?: 'directory' | 'notebook' | 'file'
  readonly ext?: string
}

const encode = (text: string) => new TextEncoder().encode(text)

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** As editors decide it: UTF-8 without a zero byte. */
const isText = (bytes: Uint8Array) => !bytes.includes(0) && decode(bytes) !== undefined

function contentOf(path: string, bytes: Uint8Array, format: Format): unknown {
  if (format === 'base64') return toBase64(bytes)
  const text = decode(bytes)
  if (text === undefined) throw new Error(`${path} must be a text in UTF-8 (it has other bytes). Download it instead`)
  if (format === 'text') return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${path} must be JSON (${(cause as Error).message}). Open it with the editor`, { cause })
  }
}

function bytesOf({ format, type, content }: SaveOptions): Uint8Array {
  if (format === 'base64') return Uint8Array.from(atob(content as string), (character) => character.charCodeAt(0))
  if (format === 'text' && typeof content === 'string') return encode(content)
  return encode(JSON.stringify(content, null, type === 'notebook' ? 1 : undefined))
}

function toBase64(bytes: Uint8Array): string {
  const PART = 3 << 13 // whole groups of three bytes, and few enough arguments
  let text = ''
  for (let at = 0; at < bytes.length; at += PART) text += btoa(String.fromCharCode(...bytes.subarray(at, at + PART)))
  return text
}
