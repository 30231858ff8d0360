/** A server with the part of the hub's API that models are downloaded and uploaded by, for tests. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export const TOKEN = 'hf_test'

export interface Hub {
  readonly url: string
  /** Files of each repository, by OWNER/NAME. */
  readonly repositories: Map<string, Map<string, Buffer>>
  /** Requests so far: method, path, and the range asked for. */
  readonly log: string[]
  /** Repositories that need the token. */
  readonly closed: Set<string>
  /** Bytes of a file after which the next downloads of it break, one per entry. */
  readonly breaks: Map<string, number[]>
  /** Changes the content that is sent, not its checksum. */
  damage: (path: string, content: Buffer) => Buffer
  close(): Promise<void>
}

const sha = (kind: string, ...parts: (string | Buffer)[]) => {
  const hash = createHash(kind)
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
const isLarge = (path: string) => /\.(safetensors|bin)$/.test(path)
const commitOf = (files: Map<string, Buffer>) => sha('sha1', ...[...files].flat())

export async function startHub(test: TestContext): Promise<Hub> {
  const uploaded = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    answer(request, response).catch((cause) => response.destroy(cause as Error))
  })
  const hub: Hub = {
    url: '',
    repositories: new Map(),
    log: [],
    closed: new Set(),
    breaks: new Map(),
    damage: (_, content) => content,
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, 'http://hub')
    const path = decodeURIComponent(pathname)
    const range = request.headers.range
    hub.log.push(`${request.method} ${path}${range ? ` ${range}` : ''}`)
    const body = await bodyOf(request)
    const json = (value: unknown, status = 200) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    }
    const hasToken = request.headers.authorization === `Bearer ${TOKEN}`
    const isWrite = request.method !== 'GET' && !path.startsWith('/upload/')
    if (isWrite && !hasToken) return json({ error: 'Unauthorized' }, 401)

    if (path === '/api/repos/create') {
      const { organization, name } = JSON.parse(body.toString()) as { organization: string; name: string }
      const id = `${organization}/${name}`
      if (hub.repositories.has(id)) return json({ error: 'exists' }, 409)
      hub.repositories.set(id, new Map())
      return json({ url: `${hub.url}/${id}`, id })
    }
    const [, upload] = /^\/upload\/(\w+)$/.exec(path) ?? []
    if (upload !== undefined) {
      uploaded.set(upload, body)
      return void response.end()
    }
    const [, id, rest] = /^(?:\/api\/models)?\/([\w.-]+\/[\w.-]+?)(\.git\/.*|\/.*)$/.exec(path)!
    const files = hub.repositories.get(id)
    if (files === undefined || (hub.closed.has(id) && !hasToken)) return json({ error: 'Repository not found' }, 401)
    const commit = commitOf(files)

    if (rest.startsWith('/revision/')) {
      if (!['main', 'HEAD', commit].includes(rest.slice(10))) return json({ error: 'Invalid rev id' }, 404)
      return json({
        _id: id,
        id,
        sha: commit,
        private: false,
        downloads: 0,
        likes: 0,
        lastModified: '2026-01-01T00:00:00Z',
      })
    }
    if (rest === `/tree/${commit}`)
      return json(
        [...files].map(([path, content]) => ({
          type: 'file',
          path,
          size: content.length,
          oid: sha('sha1', `blob ${content.length}\0`, content),
          ...(isLarge(path) && { lfs: { oid: sha('sha256', content), size: content.length, pointerSize: 130 } }),
        })),
      )
    if (rest.startsWith(`/resolve/${commit}/`))
      return send(response, rest.slice(`/resolve/${commit}/`.length), files, range)
    if (rest.startsWith('/preupload/')) {
      const asked = JSON.parse(body.toString()) as { files: { path: string }[] }
      return json({
        files: asked.files.map(({ path }) => ({
          path,
          uploadMode: isLarge(path) ? 'lfs' : 'regular',
          shouldIgnore: false,
        })),
      })
    }
    if (rest === '.git/info/lfs/objects/batch') {
      const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }
      return json({
        transfer: 'basic',
        objects: objects.map((each) => ({ ...each, actions: { upload: { href: `${hub.url}/upload/${each.oid}` } } })),
      })
    }
    if (rest.startsWith('/commit/')) {
      for (const line of body.toString().split('\n')) {
        const { key, value } = JSON.parse(line) as { key: string; value: Record<string, string> }
        if (key === 'file') files.set(value.path, Buffer.from(value.content, 'base64'))
        if (key === 'lfsFile') files.set(value.path, uploaded.get(value.oid)!)
      }
      return json({ commitOid: commitOf(files), commitUrl: `${hub.url}/${id}/commit`, hookOutput: '' })
    }
    json({ error: 'Not found' }, 404)
  }

  function send(response: ServerResponse, path: string, files: Map<string, Buffer>, range?: string): void {
    const whole = files.get(path)!
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [null, '0', String(whole.length - 1)]
    const content = hub.damage(path, whole).subarray(Number(from), Number(to) + 1)
    response.writeHead(range ? 206 : 200, {
      ETag: `"${sha('sha1', whole)}"`,
      'Content-Length': content.length,
      ...(range && { 'Content-Range': `bytes ${from}-${to}/${whole.length}` }),
    })
    const isProbe = range === 'bytes=0-0'
    const broken = isProbe ? undefined : hub.breaks.get(path)?.shift()
    if (broken === undefined) return void response.end(content)
    response.write(content.subarray(0, broken), () => setTimeout(() => response.destroy(), 20))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  Object.assign(hub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  test.after(() => hub.close())
  return hub
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
