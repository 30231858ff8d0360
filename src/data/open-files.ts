/** Keeps the files read last open, a bounded number of them: a data set may have more files than a process may open. */
import { closeSync, openSync, read, readSync } from 'node:fs'
import { FileError, withFileErrors, withFileErrorsSync } from '../files/index.js'

export interface OpenFiles {
  readSync(path: string, offset: number, length: number): Buffer
  read(path: string, offset: number, length: number): Promise<Buffer>
  /** Closes all. Reads under way finish first. */
  close(): void
}

interface OpenFile {
  fd: number
  readers: number
}

/** `limit`: how many files stay open while nobody reads them. */
export function createOpenFiles(limit = 64): OpenFiles {
  const files = new Map<string, OpenFile>()
  let closed = false

  function acquire(path: string): OpenFile {
    if (closed) throw new FileError(`cannot read ${path}: the data set has been closed`, path)
    const file = files.get(path) ?? { fd: withFileErrorsSync('open', path, () => openSync(path, 'r')), readers: 0 }
    // Maps keep the order of insertion: the file used last goes to the end.
    files.delete(path)
    files.set(path, file)
    file.readers++
    return file
  }

  function release(file: OpenFile): void {
    file.readers--
    for (const [path, { fd, readers }] of files) {
      if (files.size <= (closed ? 0 : limit)) break
      if (readers > 0) continue
      files.delete(path)
      closeSync(fd)
    }
  }

  return {
    readSync(path, offset, length) {
      const file = acquire(path)
      try {
        const buffer = Buffer.allocUnsafe(length)
        const bytesRead = withFileErrorsSync('read', path, () => readSync(file.fd, buffer, 0, length, offset))
        return buffer.subarray(0, bytesRead)
      } finally {
        release(file)
      }
    },
    async read(path, offset, length) {
      const file = acquire(path)
      try {
        return await withFileErrors('read', path, () => readAt(file.fd, offset, length))
      } finally {
        release(file)
      }
    },
    close() {
      closed = true
      release({ fd: -1, readers: 0 })
    },
  }
}

function readAt(fd: number, offset: number, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(fd, Buffer.allocUnsafe(length), 0, length, offset, (error, bytesRead, buffer) => {
      if (error) reject(error)
      else resolve(buffer.subarray(0, bytesRead))
    })
  })
}
