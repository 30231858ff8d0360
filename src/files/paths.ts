/**
 * Paths of this machine and of Google Cloud Storage, gs://BUCKET/OBJECT, joined and taken apart alike. The functions have
 * the names of node:path, which would make one slash of the two.
 */
import { randomBytes } from 'node:crypto'
import * as local from 'node:path'
import { refuseScheme } from './schemes.js'

const scheme = 'gs://'

/** Whether a path is in a bucket of Google Cloud Storage. */
export function isCloudPath(path: string): boolean {
  return path.startsWith(scheme)
}

/** As of node:path; what begins in a bucket stays in it. Throws FileError for an address such as s3://. */
export function join(first: string, ...rest: string[]): string {
  refuseScheme(first)
  return isCloudPath(first) ? inBucket(first, ...rest) : local.join(first, ...rest)
}

/** As of node:path; a path in a bucket is absolute. Throws FileError for an address such as s3://. */
export function resolve(...paths: string[]): string {
  paths.forEach(refuseScheme)
  const last = paths.findLastIndex((path) => isCloudPath(path) || local.isAbsolute(path))
  return last >= 0 && isCloudPath(paths[last])
    ? inBucket(paths[last], ...paths.slice(last + 1))
    : local.resolve(...paths.slice(Math.max(last, 0)))
}

/** As of node:path; a bucket's is the bucket. */
export function dirname(path: string): string {
  return isCloudPath(path) ? inBucket(path, '..') : local.dirname(path)
}

/** As of node:path. */
export function basename(path: string): string {
  return isCloudPath(path) ? local.posix.basename(path) : local.basename(path)
}

/** As of node:path; a path in a bucket is absolute. */
export function isAbsolute(path: string): boolean {
  return isCloudPath(path) || local.isAbsolute(path)
}

/** As of node:path; a path itself where one of two is in another place. */
export function relative(from: string, to: string): string {
  const [a, b] = [resolve(from), resolve(to)]
  if (!isCloudPath(a) && !isCloudPath(b)) return local.relative(a, b)
  if (!isCloudPath(a) || !isCloudPath(b)) return b
  const [x, y] = [a, b].map(partsOfCloudPath)
  if (x.bucket !== y.bucket) return b
  return local.posix.relative(`/${x.name}`, `/${y.name}`)
}

/** A hidden path beside another, for what becomes that, or a part of it. */
export function partialBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 40)}.${randomBytes(6).toString('hex')}.partial`)
}

/** The bucket and, below it, what names an object or a folder of them: '' for the bucket itself. */
export function partsOfCloudPath(path: string): { bucket: string; name: string } {
  const [, bucket, rest] = /^gs:\/\/([^/]*)(.*)$/s.exec(path)!
  return { bucket, name: local.posix.join('/', rest).replace(/^\/|\/$/g, '') }
}

function inBucket(path: string, ...rest: string[]): string {
  const { bucket, name } = partsOfCloudPath(path)
  return `${scheme}${bucket}${local.posix.join('/', name, ...rest)}`.replace(/\/$/, '')
}
