/**
 * Joining and splitting of local paths and of paths in Google Cloud Storage, gs://BUCKET/OBJECT. The functions are named
 * as in node:path, which would turn the two slashes into one.
 */
import { paths as local, posix, randomHex } from '../runtime/index.js'
import { refuseScheme } from './schemes.js'

const scheme = 'gs://'

/** Whether a path is in a bucket of Google Cloud Storage. */
export function isCloudPath(path: string): boolean {
  return path.startsWith(scheme)
}

/** As in node:path; a path in a bucket cannot leave it. With one argument it normalises. Throws FileError for an address such as s3://. */
export function join(first: string, ...rest: string[]): string {
  refuseScheme(first)
  return isCloudPath(first) ? inBucket(first, ...rest) : local.join(first, ...rest)
}

/** As in node:path; a path in a bucket is absolute. Throws FileError for an address such as s3://. */
export function resolve(...paths: string[]): string {
  paths.forEach(refuseScheme)
  const last = paths.findLastIndex((path) => isCloudPath(path) || local.isAbsolute(path))
  return last >= 0 && isCloudPath(paths[last])
    ? inBucket(paths[last], ...paths.slice(last + 1))
    : local.resolve(...paths.slice(Math.max(last, 0)))
}

/** As in node:path; the parent of a bucket is the bucket. */
export function dirname(path: string): string {
  return isCloudPath(path) ? inBucket(path, '..') : local.dirname(path)
}

/** As in node:path. */
export function basename(path: string): string {
  return isCloudPath(path) ? posix.basename(path) : local.basename(path)
}

/** As in node:path; a path in a bucket is absolute. */
export function isAbsolute(path: string): boolean {
  return isCloudPath(path) || local.isAbsolute(path)
}

/** As in node:path; `to` itself if the two are in different file systems or buckets. */
export function relative(from: string, to: string): string {
  const [a, b] = [resolve(from), resolve(to)]
  if (!isCloudPath(a) && !isCloudPath(b)) return local.relative(a, b)
  if (!isCloudPath(a) || !isCloudPath(b)) return b
  const [x, y] = [a, b].map(partsOfCloudPath)
  if (x.bucket !== y.bucket) return b
  return posix.relative(`/${x.name}`, `/${y.name}`)
}

/** A hidden path beside another, for a temporary file that will be renamed to it or become a part of it. */
export function partialBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 40)}.${randomHex(6)}.partial`)
}

/** The bucket, and the name of the object or folder in it: '' for the bucket itself. */
export function partsOfCloudPath(path: string): { bucket: string; name: string } {
  const [, bucket, rest] = /^gs:\/\/([^/]*)(.*)$/s.exec(path)!
  return { bucket, name: posix.join('/', rest).replace(/^\/|\/$/g, '') }
}

function inBucket(path: string, ...rest: string[]): string {
  const { bucket, name } = partsOfCloudPath(path)
  return `${scheme}${bucket}${posix.join('/', name, ...rest)}`.replace(/\/$/, '')
}
