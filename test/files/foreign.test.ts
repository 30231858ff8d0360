import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { foreignKind, refuseForeign, type NeededKind } from '../../src/files/index.js'

/** A zip archive's first entry. */
const zip = (name: string) =>
  Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(22), Buffer.from([name.length, 0, 0, 0]), Buffer.from(name)])
const header = Buffer.from(' '.repeat(8) + '{"a":{}}')
header.writeBigUInt64LE(8n)

const cases: [what: string, bytes: Buffer | string, told: RegExp][] = [
  ['an empty file', '', /^an empty file$/],
  ['Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', /^a Git LFS pointer$/],
  ['HTML', '<!DOCTYPE html>\n<html>', /^an HTML page/],
  ['HTML after a byte order mark and spaces', '\ufeff \n<HTML lang="en">', /^an HTML page/],
  ['XML', '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', /^an XML document/],
  ['a JSON error', '{"error":"Repository not found"}', /^a server's error in JSON$/],
  ['a text error', 'Entry not found', /^a server's error in words$/],
  ['a gated model', 'Access to model a/b is restricted.', /^a server's error in words$/],
  ['torch', zip('archive/data.pkl'), /^a torch pickle in a zip archive$/],
  ['torch under another name', zip('pytorch_model/data.pkl'), /^a torch pickle in a zip archive$/],
  ['npz', zip('weights.npy'), /^arrays of NumPy in a zip archive$/],
  ['zip', zip('readme.txt'), /^a zip archive$/],
  ['gzip', gzipSync('{}'), /^a gzip archive$/],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), /^a zstd archive$/],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1]), /^an xz archive$/],
  ['bzip2', 'BZh91AY&SY', /^a bzip2 archive$/],
  ['tar', Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')]), /^a tar archive$/],
  ['older torch', Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc]), /^a pickle of Python$/],
  ['GGUF', 'GGUF\x03\0\0\0', /^a GGUF model of llama.cpp$/],
  ['npy', Buffer.from('\x93NUMPY\x01\0', 'latin1'), /^an array of NumPy$/],
  ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /^an HDF5 file/],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /^UTF-16 text$/],
]
for (const [name, content, told] of cases) {
  test(`${name} is known by its first bytes`, () => {
    const bytes = Buffer.from(content as string)
    assert.match(foreignKind(bytes, bytes.length, 'json')!.what, told)
  })
}

test('a safetensors file is known where another kind is needed', () => {
  assert.match(foreignKind(header, header.length, 'json')!.what, /^a safetensors file$/)
})

test('the length of a header may begin as any other kind', () => {
  for (const start of [
    [0x80, 2],
    [0x1f, 0x8b],
    [0x50, 0x4b, 3, 4],
  ]) {
    const bytes = Buffer.from(header)
    Buffer.from(start).copy(bytes)
    if (start.length === 4) bytes[3] = 1
    assert.equal(foreignKind(bytes, 1e9, 'safetensors'), undefined)
  }
})

test('what is needed is no mistake', () => {
  const right: [NeededKind, Buffer | string][] = [
    ['json', '{"n_embd": 4}'],
    ['json', '\ufeff[1]'],
    ['safetensors', header],
    ['gzip', gzipSync('a')],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
    ['tfrecord', ''],
    ['text', ''],
    ['text', '<html>'],
    ['text', 'Not found'],
  ]
  for (const [kind, content] of right) {
    const bytes = Buffer.from(content as string)
    assert.equal(foreignKind(bytes, bytes.length, kind), undefined, `${kind} ${content}`)
  }
})

test('the error names the file, what it must be, what it is and what to do', () => {
  assert.throws(() => refuseForeign('a/b.json', Buffer.from('GGUF'), 4, 'json'), {
    name: 'FileError',
    message: "a/b.json must be a JSON file (got a GGUF model of llama.cpp). Download the model's safetensors instead",
  })
})
