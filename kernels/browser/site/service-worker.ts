/**
 * The site's service worker: it keeps what was loaded, so that the site works without a network after the first visit, and
 * adds the headers by which a page may share memory with its workers. It replaces JupyterLite's, whose heartbeat it answers.
 */
export {}

/** Written before this script by `neomesh site`. */
declare const SITE: { readonly version: string; readonly ahead: readonly string[] }

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}
interface Scope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: string, listener: (event: any) => void): void
}
const scope = self as unknown as Scope

const root = scope.registration.scope
const PREFIX = `neomesh ${root} `
const CACHE = `${PREFIX}${SITE.version}`

scope.addEventListener('install', () => void scope.skipWaiting())

scope.addEventListener('activate', (event: ExtendableEvent) => {
  event.waitUntil(removeOld().then(() => scope.clients.claim()))
})

async function removeOld(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name)
}

/** A page asks for this once it has loaded, so that it does not compete with the page. */
scope.addEventListener('message', (event: ExtendableEvent & { data: unknown }) => {
  if (event.data === 'load ahead') event.waitUntil(loadAhead())
})

async function loadAhead(): Promise<void> {
  const cache = await caches.open(CACHE)
  for (const path of SITE.ahead) {
    const address = new URL(path, root).href
    if (await cache.match(address, { ignoreSearch: true })) continue
    const response = await fetch(address).catch(() => null)
    if (response?.ok) await cache.put(address, response)
  }
}

scope.addEventListener('fetch', (event: FetchEvent) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (origin !== location.origin || request.method !== 'GET') return
  if (pathname.endsWith('/api/service-worker-heartbeat')) return event.respondWith(Promise.resolve(new Response('ok')))
  if (!request.url.startsWith(root)) return
  event.respondWith(answer(request, event))
})

async function answer(request: Request, event: FetchEvent): Promise<Response> {
  const cache = await caches.open(CACHE)
  // A folder's address is that of its page; what follows "?" is for the page itself.
  const { origin, pathname } = new URL(request.url)
  const address = `${origin}${pathname.endsWith('/') ? `${pathname}index.html` : pathname}`
  const kept = await cache.match(address)
  if (kept) return isolated(kept)
  const response = await fetch(request)
  if (response.ok && !response.redirected && response.type === 'basic')
    event.waitUntil(cache.put(address, response.clone()))
  return isolated(response)
}

function isolated(response: Response): Response {
  if (response.status === 0 || response.type === 'opaqueredirect') return response
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  const { status, statusText } = response
  return new Response(status === 204 || status === 304 ? null : response.body, { status, statusText, headers })
}
