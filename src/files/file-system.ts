/** What neomesh asks of a place for files, and which place a path is in. */
import { localFiles } from './local/index.js'
import { isCloudPath } from './paths.js'
import { refuseScheme } from './schemes.js'

export interface FileStatus {
  isFile(): boolean
  isDirectory(): boolean
  /** Bytes of a file. */
  readonly size: number
}

export interface FolderEntry {
  readonly name: string
  /** Both are false for a link. */
  isFile(): boolean
  isDirectory(): boolean
}

/** A file opened for reading at any place. */
export interface OpenFile {
  /** Bytes, when it was opened. */
  readonly size: number
  /** Bytes from a position on, fewer than `length` only where the file ends. Calls may overlap. */
  read(position: number, length: number): Promise<Buffer<ArrayBuffer>>
  /** When no read is under way any more. */
  close(): Promise<void>
}

/** A file under way. Nothing stands under the final name until `commit` has returned. */
export interface AtomicFile {
  /** The final path. */
  readonly path: string
  /** Bytes written so far. */
  readonly size: number
  /** Appends bytes. Several calls may be under way; they land in the order of the calls. */
  write(data: Uint8Array | string): Promise<void>
  /** Gives the file its name, by default the path it was created with, when it is safely kept. */
  commit(path?: string): Promise<void>
  /** Removes what was written. Harmless after commit or a second time. */
  abort(): Promise<void>
}

/** A file that grows at its end. */
export interface Appending {
  /** Appends text, at once or within seconds. Throws what an earlier text has met with, too. */
  append(text: string): void
  /** Waits until all is kept. */
  flush(): Promise<void>
}

/** A lock that this process holds until it releases it, or ends in whatever way. */
export interface Lock {
  /** False where the system or the file system knows no locks (Windows, some network drives): others are not kept out. */
  readonly protects: boolean
  /** Throws FileError if another process has it now: one that was suspended for long counts as dead in the cloud. */
  check(): Promise<void>
  /** Removes the file. Harmless a second time. */
  release(): Promise<void>
}

/**
 * Files in a place. Errors have the codes of node:fs (ENOENT for what is not there); those of a place that knows more of
 * what is wrong are FileErrors.
 */
export interface FileSystem {
  stat(path: string): Promise<FileStatus>
  readFolder(path: string): Promise<FolderEntry[]>
  /** The same path for all links to one folder. */
  realPath(path: string): Promise<string>
  readFile(path: string): Promise<Buffer>
  openFile(path: string): Promise<OpenFile>
  /** A file's bytes from begin to end, in pieces of about this size. */
  readPieces(path: string, pieceBytes: number): AsyncIterable<Buffer>
  createAtomicFile(path: string): Promise<AtomicFile>
  openAppending(path: string): Promise<Appending>
  /** Where a symbolic link leads; the path itself if it is none. */
  followLinks(path: string): Promise<string>
  /** Removes a file, or a folder with all that is in it; nothing there is fine. */
  remove(path: string): Promise<void>
  /** Moves a file or a folder to a place where nothing is. */
  rename(from: string, to: string): Promise<void>
  /** Makes a folder and those above it that are missing. Returns the topmost that was made. */
  makeFolder(path: string): Promise<string | undefined>
  /** Removes folders from `path` up to `topmost`, as far as they are empty. */
  removeEmptyFolders(path: string, topmost: string): Promise<void>
  /** Makes the renames inside a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Throws FileError where a file could not be written; not everything that may go wrong is known before. */
  checkOutput(path: string): Promise<void>
  /** The lock that the file stands for, made if it is not there; undefined if somebody has it. */
  tryLock(path: string): Promise<Lock | undefined>
}

let cloudFiles: Promise<FileSystem> | undefined

/** Where a path is. Throws FileError for an address such as s3://. The library for the cloud takes a moment to load, so it is loaded when it is needed. */
export async function fileSystemOf(path: string): Promise<FileSystem> {
  if (!isCloudPath(path)) {
    refuseScheme(path)
    return localFiles
  }
  cloudFiles ??= import('./google-storage/index.js').then(({ googleStorage }) => googleStorage())
  return cloudFiles
}
