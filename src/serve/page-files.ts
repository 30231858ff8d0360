/** The page at /, which the build makes from page/. */
import type { FastifyInstance } from 'fastify'
import { fileURLToPath } from 'node:url'
import { join, readFile } from '../files/index.js'

const folder = fileURLToPath(new URL('page/', import.meta.url))

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
} as const

/** The page may load its own files and ask its own server, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
]

/** @param framed whether pages of other servers on this machine may show the page in a frame */
export function addPage(app: FastifyInstance, framed: boolean): void {
  const ancestors = framed ? "'self' http://localhost:* http://127.0.0.1:*" : "'none'"
  const policy = [...POLICY, `frame-ancestors ${ancestors}`].join('; ')
  for (const [path, [name, type]] of Object.entries(FILES))
    app.get(path, async (_, reply) => {
      const headers = {
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      }
      await reply
        .headers(headers)
        .type(type)
        .send(await readFile(join(folder, name)))
    })
}
