import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { posixPaths } from './posix-paths.js'
import type { Digest, Runtime } from './runtime.js'

/** What a page or a worker may have of the Navigator interface. */
interface BrowserNavigator {
  readonly hardwareConcurrency?: number
  /** GiB, at most 8; Chromium only. */
  readonly deviceMemory?: number
  readonly userAgent?: string
  readonly userAgentData?: { readonly brands: readonly { brand: string; version: string }[]; readonly platform: string }
}

/** Set by the bundler (src/browser/bundle.ts). */
declare const NEOMESH_VERSION: string | undefined

const navigator = (globalThis as { navigator?: BrowserNavigator }).navigator ?? {}
const strict = new TextDecoder('utf-8', { fatal: true })

export const runtime: Runtime = {
  kind: 'browser',
  version: browserName(navigator),
  packageVersion: typeof NEOMESH_VERSION === 'undefined' ? 'unknown' : NEOMESH_VERSION,
  paths: posixPaths,
  posix: posixPaths,
  sha256Digest() {
    const hash = sha256.create()
    const digest: Digest = {
      update(data) {
        hash.update(typeof data === 'string' ? utf8ToBytes(data) : data)
        return digest
      },
      digest: () => bytesToHex(hash.digest()),
    }
    return digest
  },
  isUtf8(bytes) {
    try {
      strict.decode(bytes)
      return true
    } catch {
      return false
    }
  },
  gunzip,
  nextTurn,
  sleep: (ms, _value, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const timer = setTimeout(resolve, ms)
      const abort = () => {
        clearTimeout(timer)
        reject(signal!.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
    }),
  later(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  machine: () => ({
    cores: navigator.hardwareConcurrency ?? 1,
    memory: navigator.deviceMemory === undefined ? null : navigator.deviceMemory * 2 ** 30,
    freeMemory: null,
    cpu: 'unknown (browser)',
    os: navigator.userAgentData?.platform ?? 'unknown (browser)',
    hostName: 'browser',
    runtime: browserName(navigator),
  }),
  cpuSeconds: () => performance.now() / 1000,
  processId: crypto.getRandomValues(new Uint32Array(1))[0],
  environment: () => (globalThis as { NEOMESH_ENVIRONMENT?: Record<string, string> }).NEOMESH_ENVIRONMENT ?? {},
  warn: (text) => console.warn(text),
  inspect: (value) => inspect(value, 2),
  // The page's kernel passes interrupts on through `provideKernel`.
  onInterrupt: () => {},
  systemError: () => undefined,
}

/** `Chromium 156` by the brands that are no decoys, `Firefox 140` by the user agent. */
function browserName({ userAgentData, userAgent = '' }: BrowserNavigator): string {
  const brand = userAgentData?.brands.find(({ brand }) => !/not/i.test(brand))
  if (brand) return `${brand.brand} ${brand.version}`
  const [, name, version] = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent) ?? []
  if (name === undefined) return 'browser'
  return `${name === 'Version' ? 'Safari' : name === 'Edg' ? 'Edge' : name} ${version}`
}

async function* gunzip(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const { readable, writable } = new DecompressionStream('gzip')
  const writer = writable.getWriter()
  let failure: { cause: unknown } | undefined
  const feeding = (async () => {
    try {
      for await (const piece of pieces) await writer.write(piece)
      await writer.close()
    } catch (cause) {
      failure = { cause }
      await writer.abort(cause).catch(() => {})
    }
  })()
  const reader = readable.getReader() as ReadableStreamDefaultReader<Uint8Array>
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
  } catch (cause) {
    await feeding
    // Problems with the file's bytes, as opposed to its reading, are TypeErrors without a code.
    const origin = failure?.cause ?? cause
    if (!(origin instanceof TypeError)) throw origin
    throw Object.assign(new Error(origin.message, { cause: origin }), { code: 'Z_DATA_ERROR' })
  } finally {
    await reader.cancel().catch(() => {})
    await feeding
  }
}

const waiting: (() => void)[] = []
/** The part of MessagePort that Node's types leave out. */
interface Port {
  onmessage: (() => void) | null
  postMessage(message: null): void
}

const newChannel = () => new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port }
let channel: ReturnType<typeof newChannel> | undefined

/** By a message: timers of browsers wait for 4 ms once they are nested, and for a second in a background tab. */
function nextTurn(): Promise<void> {
  if (channel === undefined) {
    channel = newChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  return new Promise((resolve) => {
    waiting.push(resolve)
    channel!.port2.postMessage(null)
  })
}

/** Strings and numbers as in source code; objects and arrays to this depth, and at most 100 entries of each. */
function inspect(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[Function: ${value.name || '(anonymous)'}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Error) return value.stack ?? String(value)
  if (value instanceof Date) return value.toISOString()
  const name = (value.constructor as { name?: string } | undefined)?.name ?? 'Object'
  if (depth < 0) return `[${name}]`
  const limited = (texts: string[], count: number) => [...texts, ...(count > 100 ? [`... ${count - 100} more`] : [])]
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = Array.from((value as unknown as ArrayLike<unknown>).length === undefined ? [] : (value as unknown[]))
    const texts = limited(
      items.slice(0, 100).map((item) => inspect(item, depth - 1)),
      items.length,
    )
    return `${Array.isArray(value) ? '' : `${name}(${items.length}) `}[${texts.length > 0 ? ` ${texts.join(', ')} ` : ''}]`
  }
  const pairs: [string, unknown][] =
    value instanceof Map
      ? [...(value as Map<unknown, unknown>)].map(([key, item]) => [inspect(key, 0), item])
      : Object.entries(value)
  const members = value instanceof Set ? [...value].map((item) => inspect(item, depth - 1)) : []
  const arrow = value instanceof Map ? ' =>' : ':'
  const texts = limited(
    [...members, ...pairs.slice(0, 100).map(([key, item]) => `${key}${arrow} ${inspect(item, depth - 1)}`)],
    pairs.length,
  )
  return `${name === 'Object' ? '' : `${name} `}{${texts.length > 0 ? ` ${texts.join(', ')} ` : ''}}`
}
