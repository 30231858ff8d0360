/** An LRU cache of open files: a data set may have more files than a process may open. */
import { FileError, openFile, withFileErrors, type OpenFile } from '../../files/index.js'

export interface OpenFiles {
  read(path: string, offset: number, length: number): Promise<Buffer>
  /** Closes all. Reads under way finish first. */
  close(): void
}

interface Entry {
  readonly file: Promise<OpenFile>
  readers: number
}

/** `limit`: maximum number of idle open files. */
export function createOpenFiles(limit = 64): OpenFiles {
  const files = new Map<string, Entry>()
  let closed = false

  function acquire(path: string): Entry {
    if (closed) throw new FileError(`cannot read ${path}: the data set has been closed`, path)
    const entry = files.get(path) ?? { file: withFileErrors('open', path, () => openFile(path)), readers: 0 }
    // Maps keep the order of insertion: the file used last goes to the end.
    files.delete(path)
    files.set(path, entry)
    entry.readers++
    return entry
  }

  function release(): void {
    for (const [path, { file, readers }] of files) {
      if (files.size <= (closed ? 0 : limit)) break
      if (readers > 0) continue
      files.delete(path)
      void file.then((opened) => opened.close())
    }
  }

  return {
    async read(path, offset, length) {
      const entry = acquire(path)
      try {
        return await withFileErrors('read', path, async () => (await entry.file).read(offset, length))
      } catch (cause) {
        // A file that could not be opened is not cached: it may exist the next time.
        await entry.file.catch(() => files.delete(path))
        throw cause
      } finally {
        entry.readers--
        release()
      }
    },
    close() {
      closed = true
      release()
    },
  }
}
