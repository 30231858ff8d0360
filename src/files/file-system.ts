/** The file-system interface, which the local disk and Google Cloud Storage implement. */

export interface FileStatus {
  isFile(): boolean
  isDirectory(): boolean
  /** Bytes of a file. */
  readonly size: number
  /** When the file was changed last, in ms since 1970, where the file system knows it. */
  readonly mtimeMs?: number
}

export interface FolderEntry {
  readonly name: string
  /** Both are false for a symbolic link. */
  isFile(): boolean
  isDirectory(): boolean
}

/** A file opened for reading at any offset. */
export interface OpenFile {
  /** Bytes at the time of opening. */
  readonly size: number
  /** Bytes from `position`; fewer than `length` only at the end of the file. Calls may run concurrently. */
  read(position: number, length: number): Promise<Buffer<ArrayBuffer>>
  /** Call it when no read is pending. */
  close(): Promise<void>
}

/** A file being written. It appears under its final name only when `commit` has succeeded. */
export interface AtomicFile {
  /** The final path. */
  readonly path: string
  /** Bytes written so far. */
  readonly size: number
  /** Appends bytes. Concurrent calls are written in the order of the calls. */
  write(data: Uint8Array | string): Promise<void>
  /** Makes the file durable, then gives it its name, by default the path it was created with. */
  commit(path?: string): Promise<void>
  /** Removes what was written. Has no effect after commit; idempotent. */
  abort(): Promise<void>
}

/** A file opened for appending. */
export interface Appending {
  /** Appends text, at once or within seconds. Also throws the error of an earlier append. */
  append(text: string): void
  /** Waits until everything is written. */
  flush(): Promise<void>
}

/** A lock that this process holds until it releases it or ends, however it ends. */
export interface Lock {
  /** False where locks are not supported (Windows, some network drives): other processes are not kept out. */
  readonly protects: boolean
  /** Throws FileError if another process has it now: in the cloud a lock expires while its holder is suspended. */
  check(): Promise<void>
  /** Removes the lock file. Idempotent. */
  release(): Promise<void>
}

/**
 * A file system. Errors have the codes of node:fs (ENOENT: does not exist); an implementation that knows the cause and
 * the remedy throws FileError.
 */
export interface FileSystem {
  stat(path: string): Promise<FileStatus>
  readFolder(path: string): Promise<FolderEntry[]>
  /** The canonical path: the same for all links to one folder. */
  realPath(path: string): Promise<string>
  readFile(path: string): Promise<Buffer>
  /** `prefetch`: whether reads in order may fetch more than is asked for. @default true */
  openFile(path: string, options?: { readonly prefetch?: boolean }): Promise<OpenFile>
  /** A file's bytes in order, in pieces of about this size. */
  readPieces(path: string, pieceBytes: number): AsyncIterable<Buffer>
  createAtomicFile(path: string): Promise<AtomicFile>
  openAppending(path: string): Promise<Appending>
  /** The target of a symbolic link; the path itself if it is not a link. */
  followLinks(path: string): Promise<string>
  /** Removes a file, or a folder with its contents. Succeeds if nothing exists there. */
  remove(path: string): Promise<void>
  /** Moves a file or a folder to a path that does not exist. */
  rename(from: string, to: string): Promise<void>
  /** Makes a folder and its missing parents. Returns the topmost folder made. */
  makeFolder(path: string): Promise<string | undefined>
  /** Removes the folders from `path` up to `topmost` that are empty. */
  removeEmptyFolders(path: string, topmost: string): Promise<void>
  /** Makes the renames inside a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Throws FileError if a file cannot be written there, as far as that is known beforehand. */
  checkOutput(path: string): Promise<void>
  /** Takes the lock of this lock file, creating the file; undefined if another process holds it. */
  tryLock(path: string): Promise<Lock | undefined>
}

/** A download on this machine, which a later one continues where it ended. */
export interface PartialFile {
  /** Bytes that it has. */
  readonly size: number
  append(bytes: Uint8Array): Promise<void>
  /** Closes the file; what it has stays. Idempotent. */
  close(): Promise<void>
  /** Closes the file and moves it to its final path. */
  commit(target: string): Promise<void>
}
