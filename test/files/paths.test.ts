import assert from 'node:assert/strict'
import * as node from 'node:path'
import { test } from 'node:test'
import { basename, dirname, isAbsolute, isCloudPath, join, relative, resolve } from '../../src/files/index.js'

test('local paths are as node:path has them', () => {
  for (const path of ['a', 'a/b', '/a/b/', './x/../y', '', 'gs:/a', 'gs', '.', 'ü/日本']) {
    assert.equal(join(path, '..', 'z'), node.join(path, '..', 'z'))
    assert.equal(dirname(path), node.dirname(path))
    assert.equal(basename(path), node.basename(path))
    assert.equal(isAbsolute(path), node.isAbsolute(path))
    assert.equal(resolve(path), node.resolve(path))
    assert.equal(resolve('/q', path), node.resolve('/q', path))
    assert.equal(relative(path, '/c/d'), node.relative(path, '/c/d'))
    assert.equal(isCloudPath(path), false)
  }
})

test('paths in a bucket keep both slashes and do not leave the bucket', () => {
  assert.equal(join('gs://b/a', 'c', '../d'), 'gs://b/a/d')
  assert.equal(join('gs://b', 'a/'), 'gs://b/a')
  assert.equal(join('gs://b/a', '../../../../x'), 'gs://b/x')
  assert.equal(join('gs://b//a', 'c'), 'gs://b/a/c')
  assert.deepEqual(['gs://b/a/c', 'gs://b/a', 'gs://b', 'gs://b/a/'].map(dirname), [
    'gs://b/a',
    'gs://b',
    'gs://b',
    'gs://b',
  ])
  assert.deepEqual(['gs://b/a/c.txt', 'gs://b/a/'].map(basename), ['c.txt', 'a'])
  assert.equal(isAbsolute('gs://b/a'), true)
  assert.equal(resolve('/x', 'gs://b/a', 'c'), 'gs://b/a/c')
  assert.equal(resolve('gs://b/a', '/x', 'c'), '/x/c')
  assert.equal(resolve('gs://b/a', '../c'), 'gs://b/c')
  assert.equal(relative('gs://b/a', 'gs://b/c/d'), '../c/d')
  assert.equal(relative('gs://b/a', 'gs://other/c'), 'gs://other/c')
  assert.equal(relative('x', 'gs://b/c'), 'gs://b/c')
  assert.equal(relative('gs://b/c', 'x/y'), node.resolve('x/y'))
  assert.equal(join(dirname('gs://b/a'), 'c'), 'gs://b/c')
})
