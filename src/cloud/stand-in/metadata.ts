/** The metadata server of a worker, and the service's REST interface for a worker that deletes itself. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a leak of a credential would show. */
export const SECRET = 'ya29.the-secret-token-of-the-worker'

export interface HttpServer {
  /** 127.0.0.1:PORT */
  readonly host: string
  close(): void
}

/** Serves the attributes of one worker: agent-worker-number, tpu-env and so on, and a token. */
export async function startMetadata(attributes: Readonly<Record<string, string>>): Promise<HttpServer> {
  return listen(
    createServer((request, response) => {
      if (request.headers['metadata-flavor'] !== 'Google') {
        response.writeHead(403).end('Missing Metadata-Flavor:Google header.')
        return
      }
      response.setHeader('metadata-flavor', 'Google')
      const path = (request.url ?? '').replace(/\?.*/, '').replace('/computeMetadata/v1/', '')
      if (path === 'instance/service-accounts/default/token') {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ access_token: SECRET, expires_in: 3599, token_type: 'Bearer' }))
        return
      }
      const value = attributes[path.replace(/^instance\/attributes\//, '')]
      if (value === undefined) response.writeHead(404).end('not found')
      else response.end(value)
    }),
  )
}

/** Passes `DELETE /v2/NAME?force=true` with the token on; answers 200, or what `remove` throws. */
export async function startRest(remove: (name: string) => void): Promise<HttpServer> {
  return listen(
    createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://localhost')
      if (request.headers.authorization !== `Bearer ${SECRET}`) response.writeHead(401).end('{}')
      else if (request.method !== 'DELETE') response.writeHead(405).end('{}')
      else
        try {
          remove(pathname.replace(/^\/v2\//, ''))
          response.end('{}')
        } catch (error) {
          response.writeHead(404).end(String(error))
        }
    }),
  )
}

async function listen(server: Server): Promise<HttpServer> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
