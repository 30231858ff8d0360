import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileError, hubHint, isFile, join, readFile, refuseScheme, resolve } from '../../src/files/index.js'

const cases: [address: string, message: RegExp][] = [
  ['GS://bucket/run', /^GS:\/\/bucket\/run must begin with gs:\/\/ in lower case\. Write gs:\/\/bucket\/run$/],
  ['gcs://bucket/run', /Write gs:\/\/bucket\/run$/],
  [
    's3://bucket/run',
    /is in Amazon S3, which neomesh does not read\. Copy it here first: aws s3 cp --recursive s3:\/\/bucket\/run FOLDER$/,
  ],
  ['S3A://bucket/run', /aws s3 cp --recursive s3:\/\/bucket\/run FOLDER$/],
  [
    'https://example.org/a.txt',
    /is a URL, which neomesh does not read\. Download it first: curl -L -O https:\/\/example\.org\/a\.txt$/,
  ],
  ['https://huggingface.co/a/b/tree/main', /hub\. Download it first: hf download a\/b --local-dir b$/],
  ['https://huggingface.co/datasets/a/b', /hf download a\/b --repo-type dataset --local-dir b$/],
  ['https://storage.googleapis.com/bucket/a', /Write gs:\/\/bucket\/a$/],
  ['hf://a/b', /is on the Hugging Face hub\. Download it first: hf download a\/b --local-dir b$/],
  ['abfss://c@host/x', /is in Azure Storage/],
  ['hdfs://host/x', /is in Hadoop/],
  ['file:///data/x', /Write its path, \/data\/x$/],
]
for (const [address, message] of cases) {
  test(`${address} is said to be what it is`, async () => {
    const wanted = { name: 'FileError', message }
    assert.throws(() => refuseScheme(address), wanted)
    assert.throws(
      () => join(address, 'x'),
      (error: Error) => error instanceof FileError,
    )
    assert.throws(() => resolve(address), wanted)
    await assert.rejects(readFile(address), wanted)
    await assert.rejects(isFile(address), wanted)
  })
}

test('paths are no addresses', () => {
  for (const path of ['gs://bucket/a', 'a/b', 'C:/x', 'a:b', 'x://y', '/s3/x', 'run:1/x', '']) refuseScheme(path)
})

test('names that may be of the hub', () => {
  assert.match(
    hubHint('EleutherAI/gpt-neo-125m'),
    /import it first: neomesh import hf EleutherAI\/gpt-neo-125m --out FOLDER$/,
  )
  for (const path of ['runs', './a/b', 'a/b/c', '/a/b', '../a', 'runs/model.json', 'a/'])
    assert.equal(hubHint(path), '')
})
