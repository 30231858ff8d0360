import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  createAtomicFile,
  globFiles,
  isFile,
  isFolder,
  join,
  listFiles,
  openFile,
  openSafetensors,
  readFile,
  readFolder,
  readJson,
  readJsonLines,
  readPieces,
  remove,
  sha256,
  sha256File,
  stat,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
} from '../../../src/files/index.js'
import { connect } from '../../../src/files/google-storage/client.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startStorage, type Failure } from './server.js'

const storage = await startStorage('bucket')

/** What befalls some requests, each once. */
function failOnce(t: { after(f: () => void): void }, pattern: RegExp, ...failures: Failure[]): void {
  storage.failing = (line) => (pattern.test(line) ? failures.shift() : undefined)
  t.after(() => {
    storage.failing = () => undefined
    assert.deepEqual(failures, [], 'all failures have happened')
  })
}

test('a small file goes in one request, whole or not at all', async () => {
  const path = 'gs://bucket/small/a b ü.txt'
  const began = storage.requests.length
  await writeFileAtomic(path, 'new')
  assert.equal(storage.requests.length - began, 1)
  assert.equal((await readFile(path)).toString(), 'new')
  assert.deepEqual([(await stat(path)).size, await isFile(path), await isFolder(path)], [3, true, false])
  assert.deepEqual([await isFile('gs://bucket/small'), await isFolder('gs://bucket/small')], [false, true])
  assert.deepEqual([await isFolder('gs://bucket/smal'), await isFolder('gs://bucket')], [false, true])

  const file = await createAtomicFile(path)
  await file.write('newer')
  assert.equal(storage.get('bucket', 'small/a b ü.txt').toString(), 'new')
  await file.abort()
  await file.abort()
  assert.equal(storage.get('bucket', 'small/a b ü.txt').toString(), 'new')
  await assert.rejects(file.write('more'), /write after commit or abort/)
})

const large = Buffer.from(Uint8Array.from({ length: 40e6 }, (_, i) => (i * 7 + (i >> 9)) % 251))

test('a large file goes in pieces, in the order of the calls; its last name may come at the end', async (t) => {
  failOnce(t, /^POST .*(upload|compose)/, undefined, 503, 'lost', 'lost')
  const file = await createAtomicFile('gs://bucket/large/first')
  const piece = Buffer.alloc(3e6)
  for (let at = 0; at < large.length; at += piece.length) {
    const part = large.subarray(at, at + piece.length)
    part.copy(piece)
    // The buffer is used anew as soon as it has been taken.
    await file.write(piece.subarray(0, part.length))
  }
  assert.ok(storage.names('bucket').every((name) => !/^large\/[^.]/.test(name)))
  await file.commit('gs://bucket/large/final')
  assert.deepEqual(
    storage.names('bucket').filter((name) => name.startsWith('large/')),
    ['large/final'],
  )
  assert.ok(storage.get('bucket', 'large/final').equals(large))
  assert.equal(file.size, large.length)
})

test('whole reads, pieces and reads at any place give the same bytes, also when the service fails now and then', async (t) => {
  storage.put('bucket', 'read/x', large)
  const path = 'gs://bucket/read/x'
  failOnce(t, /alt=media/, 503, 'cut', undefined, 'cut', 429)
  assert.equal(await sha256File(path), sha256(large))
  const pieces: Buffer[] = []
  for await (const piece of readPieces(path, 1 << 18)) pieces.push(piece)
  assert.ok(pieces.every(({ length }) => length <= 1 << 18))
  assert.ok(Buffer.concat(pieces).equals(large))
  assert.ok((await readFile(path)).equals(large))
  const file = await openFile(path)
  for (const [position, length] of [
    [0, 10],
    [10, 20],
    [30, 1000],
    [1030, 400_000],
    [5, 7],
    [39_999_990, 100],
    [40_000_001, 1],
    [0, 40e6],
  ]) {
    const bytes = await file.read(position, length)
    assert.ok(bytes.equals(large.subarray(position, position + length)), `${length} bytes at ${position}`)
    assert.equal(bytes.byteOffset % 8, 0)
  }
  await file.close()
})

test('reads in order are read ahead: few requests, whether they wait for each other or not', async () => {
  storage.put('bucket', 'ahead/x', large)
  const file = await openFile('gs://bucket/ahead/x')
  const began = storage.requests.length
  for (let i = 0; i < 1000; i++) await file.read(i * 1000, 1000)
  const together = await Promise.all(Array.from({ length: 1000 }, (_, i) => file.read(1e6 + i * 1000, 1000)))
  assert.ok(Buffer.concat(together).equals(large.subarray(1e6, 2e6)))
  assert.ok(storage.requests.length - began < 10, `${storage.requests.length - began} requests`)
})

test('of a file that was read in order to its end nothing is held any more', async () => {
  storage.put('bucket', 'ahead/y', large.subarray(0, 100_000))
  const file = await openFile('gs://bucket/ahead/y')
  for (let i = 0; i < 100; i++) await file.read(i * 1000, 1000)
  const began = storage.requests.length
  assert.ok((await file.read(98_000, 1000)).equals(large.subarray(98_000, 99_000)))
  assert.equal(storage.requests.length - began, 1)
})

test('a file that is replaced while it is read gives no mixture', async () => {
  storage.put('bucket', 'replaced/x', large)
  const file = await openFile('gs://bucket/replaced/x')
  await file.read(0, 100)
  storage.put('bucket', 'replaced/x', 'other')
  // Not ENOENT, which a reader of lines takes for a file that has none.
  await assert.rejects(file.read(1000, 100), { code: 'ESTALE', message: /^cannot read .*: it was replaced or removed/ })
})

test('a small file that is replaced while it is read is read again', async (t) => {
  storage.put('bucket', 'grows/metrics.jsonl', '1\n')
  storage.failing = (line) => {
    if (!line.includes('alt=media')) return undefined
    storage.failing = () => undefined
    storage.put('bucket', 'grows/metrics.jsonl', '1\n2\n')
    return undefined
  }
  t.after(() => (storage.failing = () => undefined))
  assert.deepEqual(await readJsonLines('gs://bucket/grows/metrics.jsonl'), [1, 2])
})

test('what broke off is taken up where it broke; a connection that is silent is broken', async (t) => {
  storage.put('bucket', 'resumed/x', large)
  const began = storage.ranges.length
  failOnce(t, /alt=media/, 'cut')
  const file = await openFile('gs://bucket/resumed/x')
  assert.ok((await file.read(1000, 8e6)).equals(large.subarray(1000, 8_001_000)))
  const [first, second, ...others] = storage.ranges.slice(began).map((range) => Number(/=(\d+)/.exec(range)![1]))
  assert.deepEqual([first, others], [1000, []])
  assert.ok(second > 1000 && second <= 4_001_000, `again from ${second}`)

  const impatient = await connect(1000)
  const { generation } = (await impatient.metadata('gs://bucket/resumed/x'))!
  for (const work of [
    () => impatient.metadata('gs://bucket/resumed/x'),
    () => impatient.save('gs://bucket/resumed/y', 'y'),
    () => impatient.fetchRange('gs://bucket/resumed/x', generation, 0, new Uint8Array(1)),
  ]) {
    let silent = true
    storage.failing = () => {
      if (!silent) return undefined
      silent = false
      return 'silent'
    }
    await work()
    assert.equal(silent, false)
  }
})

test('what is stored with a Content-Encoding is refused: its bytes are not the file', async () => {
  storage.put('bucket', 'packed/x', 'abc', { contentEncoding: 'gzip' })
  await assert.rejects(
    readFile('gs://bucket/packed/x'),
    /^FileError: cannot read gs:\/\/bucket\/packed\/x: it is stored with Content-Encoding gzip\. Upload it without/,
  )
})

test('folders, patterns and pages of a listing', async () => {
  const names = [
    'p/a_2.txt',
    'p/a_10.txt',
    'p/b.txt',
    'p/.hidden',
    'p/in/c.txt',
    'p/in/deep/d.txt',
    'p/in2/e.txt',
    'p/in3/f.txt',
    'p/empty/',
  ]
  for (const name of names) storage.put('bucket', name, name.endsWith('/') ? '' : 'x')
  const entries = await readFolder('gs://bucket/p')
  assert.deepEqual(entries.map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`).sort(), [
    '.hidden',
    'a_10.txt',
    'a_2.txt',
    'b.txt',
    'empty/',
    'in/',
    'in2/',
    'in3/',
  ])
  assert.deepEqual(await readFolder('gs://bucket/p/empty'), [])
  assert.deepEqual(
    await globFiles('gs://bucket/p/*.txt'),
    ['a_2', 'a_10', 'b'].map((name) => `gs://bucket/p/${name}.txt`),
  )
  assert.deepEqual(
    (await globFiles('gs://bucket/p/**/[c-e].txt')).sort(),
    ['in/c', 'in/deep/d', 'in2/e'].map((name) => `gs://bucket/p/${name}.txt`),
  )
  assert.equal((await listFiles('gs://bucket/p')).length, 7)
  await assert.rejects(readFolder('gs://bucket/none'), { code: 'ENOENT' })
  await assert.rejects(readFolder('gs://bucket/p/b.txt'), { code: 'ENOTDIR' })
  await remove('gs://bucket/p/in')
  assert.deepEqual(
    storage.names('bucket').filter((name) => name.startsWith('p/in')),
    ['p/in2/e.txt', 'p/in3/f.txt'],
  )
  await remove('gs://bucket/p/in') // nothing there is fine
  await assert.rejects(remove('gs://bucket'), /it is a bucket, not a folder/)
})

test('a folder appears with what was written last at the end, or not at all', async () => {
  const path = 'gs://bucket/whole/set'
  const options = { mayReplace: (name: string) => name !== 'own' }
  const fill = async (folder: string) => {
    for (const name of ['data/1', 'data/2', 'data/3', 'about.json']) await writeFileAtomic(join(folder, name), name)
    assert.deepEqual(
      storage.names('bucket').filter((name) => name.startsWith('whole/set')),
      [],
    )
    return 42
  }
  assert.equal(await writeFolderAtomic(path, options, fill), 42)
  assert.deepEqual(
    storage.names('bucket').filter((name) => name.startsWith('whole/')),
    ['about.json', 'data/1', 'data/2', 'data/3'].map((name) => `whole/set/${name}`),
  )
  const copies = storage.requests.filter((line) => line.includes('/rewriteTo/'))
  assert.match(copies.at(-1)!, /about\.json\?$/)

  await assert.rejects(
    writeFolderAtomic(path, options, fill),
    /cannot create the folder gs:\/\/bucket\/whole\/set: it exists and is not empty/,
  )
  await assert.rejects(
    writeFolderAtomic('gs://bucket/whole/other', options, async (folder) => {
      await writeFileAtomic(join(folder, 'x'), 'x')
      throw new Error('no more')
    }),
    /no more/,
  )
  storage.put('bucket', 'whole/set/own', '')
  await assert.rejects(
    writeFolderAtomic(path, { ...options, overwrite: true }, fill),
    /it has "own", which this command did not write/,
  )
  storage.delete('bucket', 'whole/set/own')
  await writeFolderAtomic(path, { ...options, overwrite: true }, (folder) =>
    writeFileAtomic(join(folder, 'about.json'), 'new'),
  )
  assert.deepEqual(
    storage.names('bucket').filter((name) => name.startsWith('whole/')),
    ['whole/set/about.json'],
  )
})

test('folders made in a console, and names that no path leads to, move and go with the rest', async () => {
  const names = () => storage.names('bucket').filter((name) => name.startsWith('console/'))
  const fill = (folder: string) => writeFileAtomic(join(folder, 'about.json'), 'new')
  for (const name of ['set/', 'set/in/', 'set//odd', 'set/old.json']) storage.put('bucket', `console/${name}`, '')
  assert.deepEqual((await readFolder('gs://bucket/console/set')).map(({ name }) => name).sort(), ['in', 'old.json'])
  await writeFolderAtomic('gs://bucket/console/set/', { overwrite: true, mayReplace: () => true }, fill)
  assert.deepEqual(names(), ['console/set/about.json'])
  for (const name of ['set/', 'set/in/', 'set//odd']) storage.put('bucket', `console/${name}`, '')
  await remove('gs://bucket/console/set/')
  assert.deepEqual(names(), [])
})

test('at no time does a description tell of files that are not there; a move that fails leaves nothing', async (t) => {
  const written = ['1', '2', '3', '4', 'about.json']
  const names = () => storage.names('bucket').filter((name) => name.startsWith('seen/'))
  const fill = async (folder: string) => {
    for (const name of written) await writeFileAtomic(join(folder, name), name)
  }
  const options = { overwrite: true, mayReplace: () => true }
  const wrong: string[][] = []
  storage.failing = () => {
    for (const folder of ['seen/set/', ...names().flatMap((name) => /^seen\/[^/]*\.old\//.exec(name)?.[0] ?? [])]) {
      const there = names().filter((name) => name.startsWith(folder))
      if (there.includes(`${folder}about.json`) && there.length < written.length) wrong.push(there)
    }
    return undefined
  }
  t.after(() => (storage.failing = () => undefined))
  await writeFolderAtomic('gs://bucket/seen/set', options, fill)
  await writeFolderAtomic('gs://bucket/seen/set', options, fill)
  await remove('gs://bucket/seen/set')
  assert.deepEqual(wrong, [])
  storage.failing = (line) => (line.includes('2/rewriteTo/') ? 400 : undefined)
  await assert.rejects(writeFolderAtomic('gs://bucket/seen/set', options, fill), /told to answer 400/)
  assert.deepEqual(names(), [])
})

test('a whole bucket is no folder to put in place, which is said before any work', async () => {
  const names = storage.names('bucket')
  await assert.rejects(
    writeFolderAtomic('gs://bucket/', { overwrite: true, mayReplace: () => true }, () => assert.fail('it works')),
    /^FileError: cannot create the folder gs:\/\/bucket\/: it has no parent folder\. Give the path of a folder in it$/,
  )
  assert.deepEqual(storage.names('bucket'), names)
})

test('what a dead process has left of a folder goes', async () => {
  storage.put('bucket', 'dead/.set.0123456789ab.partial/data/1', '')
  storage.put('bucket', 'dead/.set.0123456789ab.lock', '1 elsewhere\n')
  storage.ahead = 100_000
  await writeFolderAtomic('gs://bucket/dead/set', { mayReplace: () => false }, (folder) =>
    writeFileAtomic(join(folder, 'x'), ''),
  )
  storage.ahead = 0
  assert.deepEqual(
    storage.names('bucket').filter((name) => name.startsWith('dead/')),
    ['dead/set/x'],
  )
})

test('safetensors and JSON in a bucket are those of the disk', async (t) => {
  const here = temporaryFolder(t)
  const data = new Uint8Array(Float32Array.from({ length: 1e6 }, (_, i) => i).buffer)
  const tensors = [
    { name: 'a', dtype: 'F32' as const, shape: [1000, 1000], data },
    { name: 'b', dtype: 'U8' as const, shape: [3], data: new Uint8Array([1, 2, 3]) },
  ]
  const there = await writeSafetensors('gs://bucket/st/x.safetensors', tensors)
  assert.deepEqual(await writeSafetensors(join(here, 'x'), tensors), there)
  assert.equal(there.sha256, sha256(storage.get('bucket', 'st/x.safetensors')))
  assert.ok(storage.get('bucket', 'st/x.safetensors').equals(readFileSync(join(here, 'x'))))
  const file = await openSafetensors('gs://bucket/st/x.safetensors')
  assert.ok(Buffer.from((await file.read('a')).data).equals(Buffer.from(data)))
  await file.close()
  storage.put('bucket', 'st/cut', storage.get('bucket', 'st/x.safetensors').subarray(0, 3e6))
  await assert.rejects(
    openSafetensors('gs://bucket/st/cut'),
    /gs:\/\/bucket\/st\/cut is not a valid safetensors file: it is truncated/,
  )
  storage.put('bucket', 'st/x.json', '{"a": [}')
  await assert.rejects(readJson('gs://bucket/st/x.json'), /gs:\/\/bucket\/st\/x\.json:1:8: not valid JSON/)
})

test('each failure is one line that says what to do', async (t) => {
  const cases: [string, Failure, RegExp][] = [
    ['gs://bucket/none', undefined, /^cannot read gs:\/\/bucket\/none: it does not exist\. Check the path \(ENOENT\)$/],
    [
      'gs://nobucket/x',
      undefined,
      /^cannot read gs:\/\/nobucket\/x: the bucket "nobucket" does not exist\. Check its name, or create it: gcloud storage/,
    ],
    ['gs://bucket', undefined, /^gs:\/\/bucket is a bucket, not a file\. Write gs:\/\/BUCKET\/PATH$/],
    ['gs:///x', undefined, /"" is not a valid bucket name/],
    ['gs://Große Schachtel/x', undefined, /"Große Schachtel" is not a valid bucket name/],
    [
      'gs://bucket/x',
      401,
      /^cannot read gs:\/\/bucket\/x: not signed in, or the session expired \(.*\)\. Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS$/,
    ],
    [
      'gs://bucket/x',
      403,
      /^cannot read gs:\/\/bucket\/x: permission denied \(.*\)\. Ask the bucket's owner for the role Storage Object User/,
    ],
    ['gs://bucket/x', 400, /^cannot read gs:\/\/bucket\/x: the server was told to answer 400 \(400\)$/],
  ]
  t.after(() => (storage.failing = () => undefined))
  for (const [path, failure, message] of cases) {
    storage.failing = () => failure
    const isRight = (error: Error) => {
      assert.equal(error.name, 'FileError')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n/)
      return true
    }
    await assert.rejects(readFile(path), isRight)
    // Nobody may take it for a file that is not there.
    if (failure !== undefined) await assert.rejects(isFile(path), isRight)
  }
  storage.failing = () => undefined
  await assert.rejects(
    writeFileAtomic('gs://nobucket/x', 'y'),
    /^FileError: cannot write gs:\/\/nobucket\/x: the bucket "nobucket" does not exist/,
  )
})

test('a key file that is named and cannot be used is told, not passed over', async (t) => {
  const kept = { ...process.env }
  t.after(() => (process.env = kept))
  process.env = { ...kept, GOOGLE_APPLICATION_CREDENTIALS: '/none/key.json', STORAGE_EMULATOR_HOST: '' }
  await assert.rejects(
    connect(),
    /^FileError: cannot sign in to Google Cloud Storage: .*\/none\/key\.json.* Check GOOGLE_APPLICATION_CREDENTIALS/,
  )
})
