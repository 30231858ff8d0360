/**
 * A server of Google Cloud Storage's JSON API on this machine, as far as neomesh uses it, that can be told to fail.
 * Source: cloud.google.com/storage/docs/json_api/v1.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { crc32c } from '../../../src/files/index.js'

interface StoredObject {
  readonly content: Buffer
  readonly generation: number
  metageneration: number
  updated: number
  contentEncoding?: string
  metadata?: Record<string, string>
}

/**
 * What befalls a request: an HTTP status in place of the answer; 'lost', which is done and answered with 503; 'cut', whose
 * answer breaks off halfway; 'silent', which never is answered.
 */
export type Failure = number | 'lost' | 'cut' | 'silent' | undefined

export interface StorageServer {
  /** For STORAGE_EMULATOR_HOST. */
  readonly url: string
  /** Names of all objects of a bucket, sorted. */
  names(bucket: string): string[]
  get(bucket: string, name: string): Buffer
  metadata(bucket: string, name: string): Record<string, string>
  put(bucket: string, name: string, content: string | Uint8Array, about?: { contentEncoding?: string }): void
  delete(bucket: string, name: string): void
  /** Decides for each request, by its method and its path with the query, whether it fails. */
  failing: (request: string) => Failure
  /** Of all requests: method and path with the query. */
  readonly requests: string[]
  /** Of all requests that had one: the range of bytes that was asked for. */
  readonly ranges: string[]
  /** Milliseconds by which the server's clock is ahead of this machine's. */
  ahead: number
}

/**
 * Starts a server that has these buckets, and points this process and its children to it until all tests of the file
 * have ended. Once a file: a process keeps its connection.
 */
export async function startStorage(...names: string[]): Promise<StorageServer> {
  const buckets = new Map(names.map((name) => [name, new Map<string, StoredObject>()]))
  let generations = Date.now() * 1000
  const server = createServer((request, response) => {
    answer(request, response).catch((cause) => {
      response.destroy(cause)
    })
  })
  const handle: StorageServer = {
    url: '',
    names: (bucket) => [...buckets.get(bucket)!.keys()].sort(),
    get: (bucket, name) => buckets.get(bucket)!.get(name)!.content,
    metadata: (bucket, name) => buckets.get(bucket)!.get(name)!.metadata ?? {},
    put: (bucket, name, content, about) => void store(bucket, name, Buffer.from(content), about ?? {}),
    delete: (bucket, name) => void buckets.get(bucket)!.delete(name),
    failing: () => undefined,
    requests: [],
    ranges: [],
    ahead: 0,
  }
  const now = () => Date.now() + handle.ahead

  interface About {
    contentEncoding?: string
    metadata?: Record<string, string>
  }

  function store(bucket: string, name: string, content: Buffer, about: About): StoredObject {
    const { contentEncoding, metadata } = about
    const object = { content, generation: ++generations, metageneration: 1, updated: now(), contentEncoding, metadata }
    buckets.get(bucket)!.set(name, object)
    return object
  }

  function resource(bucket: string, name: string, object: StoredObject) {
    const { content, generation, metageneration, updated, contentEncoding, metadata } = object
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32c(content) >>> 0)
    return {
      kind: 'storage#object',
      id: `${bucket}/${name}/${generation}`,
      bucket,
      name,
      generation: String(generation),
      metageneration: String(metageneration),
      size: String(content.length),
      crc32c: sum.toString('base64'),
      md5Hash: createHash('md5').update(content).digest('base64'),
      updated: new Date(updated).toISOString(),
      contentEncoding,
      metadata,
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const url = new URL(request.url!, 'http://localhost')
    const line = `${request.method} ${request.url}`
    handle.requests.push(line)
    if (request.headers.range) handle.ranges.push(request.headers.range)
    const failure = handle.failing(line)
    if (failure === 'silent') return
    const send = (status: number, content: object | Buffer | string = '', headers: Record<string, string> = {}) => {
      const bytes =
        Buffer.isBuffer(content) || typeof content === 'string'
          ? Buffer.from(content)
          : Buffer.from(JSON.stringify(content))
      const type = Buffer.isBuffer(content) ? 'application/octet-stream' : 'application/json'
      response.writeHead(status, {
        'content-type': type,
        'content-length': String(bytes.length),
        date: new Date(now()).toUTCString(),
        ...headers,
      })
      if (failure !== 'cut') return void response.end(bytes)
      response.write(bytes.subarray(0, bytes.length >> 1))
      setTimeout(() => response.destroy(), 20)
    }
    const refuse = (status: number, message: string) =>
      send(status, { error: { code: status, message, errors: [{ message, domain: 'global', reason: `r${status}` }] } })
    if (typeof failure === 'number') return refuse(failure, `the server was told to answer ${failure}`)
    const done = (status: number, content: object | Buffer | string = '', headers: Record<string, string> = {}) =>
      failure === 'lost' ? refuse(503, 'done, and the answer was lost') : send(status, content, headers)

    const upload = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname)
    const one =
      /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+)(?:\/(compose|rewriteTo)(?:\/b\/([^/]+)\/o\/([^/]+))?)?)?$/.exec(
        url.pathname,
      )
    const bucketName = decodeURIComponent((upload ?? one)?.[1] ?? '')
    const bucket = buckets.get(bucketName)
    if (!bucket) return refuse(404, 'The specified bucket does not exist.')

    /** False where the state of the object that is to be replaced is not the one asked for; the answer has been sent then. */
    const allowed = (name: string, query: URLSearchParams) => {
      const wanted = query.get('ifGenerationMatch')
      if (wanted === null || Number(wanted) === (bucket.get(name)?.generation ?? 0)) return true
      refuse(412, 'At least one of the pre-conditions you specified did not hold.')
      return false
    }

    if (upload) {
      const [about, content] = partsOf(body, request.headers['content-type']!)
      const { name: named, ...more } = JSON.parse(about.toString() || '{}') as About & { name?: string }
      const name = url.searchParams.get('name') ?? named!
      if (!allowed(name, url.searchParams)) return
      return done(200, resource(bucketName, name, store(bucketName, name, content, more)))
    }

    const [, , encoded, action, toBucket, toName] = one!
    if (encoded === undefined) return done(200, list(bucketName, url.searchParams))
    const name = decodeURIComponent(encoded)
    if (action === 'compose') {
      if (!allowed(name, url.searchParams)) return
      const { sourceObjects } = JSON.parse(body.toString()) as { sourceObjects: { name: string }[] }
      const sources = sourceObjects.map((source) => bucket.get(source.name))
      if (sources.some((source) => source === undefined)) return refuse(404, 'No such object among the sources')
      const content = Buffer.concat(sources.map((source) => source!.content))
      return done(200, resource(bucketName, name, store(bucketName, name, content, {})))
    }
    const object = bucket.get(name)
    const generation = url.searchParams.get('generation')
    if (!object || (generation !== null && Number(generation) !== object.generation))
      return refuse(404, `No such object: ${bucketName}/${name}`)
    if (action === 'rewriteTo') {
      const [other, target] = [decodeURIComponent(toBucket), decodeURIComponent(toName)]
      if (!buckets.has(other)) return refuse(404, 'The specified bucket does not exist.')
      const copy = resource(other, target, store(other, target, object.content, object))
      return done(200, { kind: 'storage#rewriteResponse', done: true, resource: copy })
    }
    if (request.method === 'DELETE') {
      if (!allowed(name, url.searchParams)) return
      bucket.delete(name)
      return done(204)
    }
    if (request.method === 'PATCH') {
      if (!allowed(name, url.searchParams)) return
      object.metadata = { ...object.metadata, ...(JSON.parse(body.toString()) as About).metadata }
      object.metageneration++
      object.updated = now()
      return done(200, resource(bucketName, name, object))
    }
    if (url.searchParams.get('alt') !== 'media') return done(200, resource(bucketName, name, object))
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    if (from === undefined) return done(200, object.content)
    const end = to === '' ? object.content.length : Math.min(Number(to) + 1, object.content.length)
    if (Number(from) >= object.content.length) return refuse(416, 'Requested range not satisfiable')
    const range = `bytes ${from}-${end - 1}/${object.content.length}`
    return done(206, object.content.subarray(Number(from), end), { 'content-range': range })
  }

  /** A page of a listing, of 3 at most, so that several pages are met. */
  function list(bucket: string, query: URLSearchParams) {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter')
    const limit = Math.min(Number(query.get('maxResults') ?? 3), 3)
    const items: object[] = []
    const prefixes = new Set<string>()
    let next: string | undefined
    for (const name of handle.names(bucket)) {
      if (!name.startsWith(prefix) || name <= (query.get('pageToken') ?? '')) continue
      const cut = delimiter ? name.indexOf(delimiter, prefix.length) : -1
      if (cut >= 0 && prefixes.has(name.slice(0, cut + 1))) {
        if (next !== undefined) next = name
        continue
      }
      if (items.length + prefixes.size === limit) return { items, prefixes: [...prefixes], nextPageToken: next }
      if (cut >= 0) prefixes.add(name.slice(0, cut + 1))
      else items.push(resource(bucket, name, buckets.get(bucket)!.get(name)!))
      // All names below one of the prefixes belong to this page.
      next = cut >= 0 ? `${name.slice(0, cut + 1)}\uffff` : name
    }
    return { items, prefixes: [...prefixes] }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env.STORAGE_EMULATOR_HOST = url
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(handle, { url })
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** The two parts of a multipart/related body: what is told of the object, and its content. */
function partsOf(body: Buffer, type: string): [Buffer, Buffer] {
  const boundary = `--${/boundary="?([^";]+)/.exec(type)![1]}`
  const parts: Buffer[] = []
  let at = body.indexOf(boundary)
  for (;;) {
    const begin = body.indexOf('\r\n\r\n', at) + 4
    const end = body.indexOf(`\r\n${boundary}`, begin)
    if (begin < 4 || end < 0) break
    parts.push(body.subarray(begin, end))
    at = end + 2
  }
  return [parts[0], parts[1] ?? Buffer.alloc(0)]
}
