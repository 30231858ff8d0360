/**
 * What every file system promises, as cases that run in Node and in a browser: they take the functions of the room and import
 * nothing at run time.
 */
import type * as room from '../../src/files/index.js'

export interface Suite {
  readonly files: typeof room
  /** An empty folder for the case. */
  readonly folder: string
}

function equal(actual: unknown, wanted: unknown): void {
  const [a, b] = [actual, wanted].map((value) => JSON.stringify(value))
  if (a !== b) throw new Error(`got ${a}, wanted ${b}`)
}

/** Code and message of the error of `work`. */
async function refused(work: Promise<unknown>, code: string, message = /^/): Promise<void> {
  const error = await work.then(
    () => undefined,
    (cause: Error & { code?: string }) => cause,
  )
  if (error === undefined) throw new Error(`${code} was not thrown`)
  if (error.code !== code || !message.test(error.message) || error.message.includes('\n'))
    throw new Error(`got ${error.code}: ${error.message}, wanted ${code}: ${message}`)
}

const names = async (files: typeof room, folder: string) =>
  (await files.readFolder(folder)).map(({ name }) => name).sort()

export const cases: Readonly<Record<string, (suite: Suite) => Promise<void>>> = {
  async 'a file is written whole, replaced, and no temporary file stays'({ files, folder }) {
    const path = files.join(folder, 'a.bin')
    await files.writeFileAtomic(path, 'old')
    await files.writeFileAtomic(path, new Uint8Array([1, 2, 255]))
    equal([...(await files.readFile(path))], [1, 2, 255])
    equal(await names(files, folder), ['a.bin'])
    const { size } = await files.stat(path)
    equal(
      [size, await files.isFile(path), await files.isFolder(path), await files.isFolder(folder)],
      [3, true, false, true],
    )
  },

  async 'until commit the old content stands; abort leaves it'({ files, folder }) {
    const path = files.join(folder, 'a.txt')
    await files.writeFileAtomic(path, 'old')
    const file = await files.createAtomicFile(path)
    await file.write('new')
    equal(await files.readText(path), 'old')
    await file.abort()
    await file.abort()
    equal(await files.readText(path), 'old')
    equal(await names(files, folder), ['a.txt'])
  },

  async 'pieces are in the order of the calls, and may be changed after a call; the name may come last'({
    files,
    folder,
  }) {
    const file = await files.createAtomicFile(files.join(folder, 'x'))
    await Promise.all(Array.from({ length: 50 }, (_, i) => file.write(`${i},`)))
    const piece = new Uint8Array([65])
    await file.write(piece)
    piece[0] = 66
    await file.commit(files.join(folder, 'final'))
    const wanted = `${Array.from({ length: 50 }, (_, i) => `${i},`).join('')}A`
    equal([await files.readText(files.join(folder, 'final')), file.size], [wanted, wanted.length])
    equal(await names(files, folder), ['final'])
    await file.write('more').then(
      () => equal('written', 'refused'),
      (error: Error) => equal(/write after commit/.test(error.message), true),
    )
  },

  async 'a large file is read at any offset, and in pieces'({ files, folder }) {
    const path = files.join(folder, 'large')
    const bytes = Uint8Array.from({ length: 3_000_017 }, (_, i) => (i * 31) ^ (i >> 9))
    const file = await files.createAtomicFile(path)
    for (let at = 0; at < bytes.length; at += 700_001) await file.write(bytes.subarray(at, at + 700_001))
    await file.commit()
    const open = await files.openFile(path)
    equal(open.size, bytes.length)
    for (const [at, length] of [
      [0, 10],
      [1_048_570, 20],
      [2_097_000, 900_000],
      [3_000_010, 100],
      [5, 0],
    ]) {
      const got = await open.read(at, length)
      equal([got.length, got.byteOffset % 4], [Math.min(length, bytes.length - at), 0])
      equal(
        got.every((byte, i) => byte === bytes[at + i]),
        true,
      )
    }
    await open.close()
    let at = 0
    for await (const piece of files.readPieces(path, 1 << 18)) {
      equal([piece[0], piece.at(-1)], [bytes[at], bytes[at + piece.length - 1]])
      at += piece.length
    }
    equal(at, bytes.length)
    equal(await files.sha256File(path), files.sha256(bytes))
    equal(files.sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  },

  async 'an open file reads what it was opened on, or fails, but never the new content'({ files, folder }) {
    const path = files.join(folder, 'a')
    await files.writeFileAtomic(path, 'old')
    const open = await files.openFile(path)
    await files.writeFileAtomic(path, 'new')
    const got = await open.read(0, 3).then(
      (bytes) => bytes.toString(),
      (error: { code?: string }) => error.code,
    )
    equal(['old', 'ESTALE'].includes(got!), true)
    await open.close()
    equal(await files.readText(path), 'new')
  },

  async 'what cannot be written or read says so in one line'({ files, folder }) {
    const at = (...parts: string[]) => files.join(folder, ...parts)
    await files.writeFileAtomic(at('file'), '')
    await files.makeFolder(at('taken'))
    const write = (path: string) => files.writeFileAtomic(path, 'x')
    await refused(
      write(at('none', 'a')),
      'ENOENT',
      /^cannot write .*none\/a: the folder .*none does not exist\. Check the path/,
    )
    await refused(write(at('file', 'a')), 'ENOTDIR', /^cannot write .*: part of the path is a file, not a folder\./)
    await refused(write(at('taken')), 'EISDIR', /^cannot write .*taken: it is a folder\./)
    await refused(write(at('n'.repeat(300))), 'ENAMETOOLONG', /the name is too long/)
    await refused(files.readFile(at('none')), 'ENOENT')
    await refused(files.readFile(at('file', 'a')), 'ENOTDIR')
    await refused(files.readFile(at('taken')), 'EISDIR')
    await refused(files.readFolder(at('file')), 'ENOTDIR')
    await refused(files.stat(at('none')), 'ENOENT')
    await refused(files.checkOutputFile(at('file', 'a')), 'ENOTDIR')
    await refused(files.checkOutputFile(at('taken')), undefined as never, /it is a folder/)
    await files.checkOutputFile(at('not', 'yet', 'there'))
    equal(await names(files, folder), ['file', 'taken'])
  },

  async 'folders are made down to the last, and several at once make the same'({ files, folder }) {
    const at = (...parts: string[]) => files.join(folder, ...parts)
    equal(await files.makeFolder(at('a', 'b', 'c')), at('a'))
    equal(await files.makeFolder(at('a', 'b', 'd')), at('a', 'b', 'd'))
    equal(await files.makeFolder(at('a', 'b')), undefined)
    await Promise.all(Array.from({ length: 20 }, () => files.makeFolder(at('p', 'q', 'r'))))
    await files.writeFileAtomic(at('file'), '')
    await refused(
      files.makeFolder(at('file', 'below')),
      'ENOTDIR',
      /file exists and is not a folder\. Choose another name/,
    )
    await files.removeEmptyFolders(at('p', 'q', 'r'), at('p'))
    equal(await names(files, folder), ['a', 'file'])
  },

  async 'a folder is removed with all that is in it, and what is not there without an error'({ files, folder }) {
    const at = (...parts: string[]) => files.join(folder, ...parts)
    await files.makeFolder(at('a', 'b'))
    await files.writeFileAtomic(at('a', 'b', 'x'), 'x')
    await files.writeFileAtomic(at('ab'), 'stays')
    await files.remove(at('a'))
    await files.remove(at('a'))
    equal(await names(files, folder), ['ab'])
  },

  async 'a folder is written whole or not at all, and replaces an older one'({ files, folder }) {
    const target = files.join(folder, 'run')
    const write = (text: string, fail = false) =>
      files.writeFolderAtomic(target, { overwrite: true, mayReplace: () => true }, async (work) => {
        await files.makeFolder(files.join(work, 'deep'))
        await files.writeFileAtomic(files.join(work, 'deep', 'x'), text)
        equal(await files.isFolder(target), text !== 'one')
        if (fail) throw new Error('stopped')
      })
    await write('one')
    await write('two')
    await write('three', true).catch((error: Error) => equal(error.message, 'stopped'))
    equal(await files.readText(files.join(target, 'deep', 'x')), 'two')
    equal(await names(files, folder), ['run'])
    await refused(
      files.writeFolderAtomic(target, { mayReplace: () => false }, async () => {}),
      'ENOTEMPTY',
    )
  },

  async 'lines are appended in order, also after the file is opened again'({ files, folder }) {
    const path = files.join(folder, 'lines.jsonl')
    const lines = await files.startJsonLines(path, [0])
    for (let i = 1; i < 200; i++) lines.append(i)
    await lines.flush()
    const more = await files.startJsonLines(path, (await files.readJsonLines(path)).slice(0, 100))
    more.append('z'.repeat(100_000))
    more.append('end')
    await more.flush()
    const got = await files.readJsonLines(path)
    equal([got.length, got[99], (got[100] as string).length, got[101]], [102, 99, 100_000, 'end'])
  },

  async 'one holder of a lock at a time; a released one can be taken, and its file is gone'({ files, folder }) {
    const path = files.join(folder, 'lock')
    const lock = await files.tryLock(path)
    equal([lock?.protects, await files.tryLock(path)], [true, null])
    await lock!.check()
    await lock!.release()
    await lock!.release()
    equal(await files.isFile(path), false)
    await (await files.tryLock(path))!.release()
    let inside = 0
    let taken = 0
    const work = async () => {
      for (let i = 0; i < 20; i++) {
        const mine = await files.tryLock(path)
        if (mine === undefined) continue
        equal(++inside, 1)
        taken++
        inside--
        await mine.release()
      }
    }
    await Promise.all(Array.from({ length: 4 }, work))
    equal(taken > 4, true)
  },

  async 'names sort, match patterns, and are not taken for those of other folders'({ files, folder }) {
    const at = (...parts: string[]) => files.join(folder, ...parts)
    await files.makeFolder(at('t', 'deep'))
    await files.makeFolder(at('t-2'))
    for (const name of ['t/b10.txt', 't/b9.txt', 't/deep/c.txt', 't/.hidden', 't-2/d.txt', 't.txt'])
      await files.writeFileAtomic(at(name), name)
    const base = (paths: string[]) => paths.map((path) => path.slice(folder.length + 1).replaceAll('\\', '/'))
    equal(base(await files.listFiles(at('t'))), ['t/b9.txt', 't/b10.txt', 't/deep/c.txt'])
    equal(base(await files.globFiles(at('**', '*.txt'))), [
      't-2/d.txt',
      't.txt',
      't/b9.txt',
      't/b10.txt',
      't/deep/c.txt',
    ])
    await files.remove(at('t'))
    equal(await names(files, folder), ['t-2', 't.txt'])
  },
}
