/** The site of lessons in a real browser: built once, served from a folder, its kernel spoken to without JupyterLite. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { writeSite } from '../../src/setup/index.js'
import { root } from './client.js'

/** Builds the site, as `make site` does, in a folder that is removed after the test. */
export async function buildSite(test: Pick<TestContext, 'after'>): Promise<string> {
  const parent = mkdtempSync(join(tmpdir(), 'neomesh-site-'))
  // Of its own: another test may build at the same time. In dist, as source maps name files by the way from there.
  const parts = join(root, `dist/classroom-${process.pid}`)
  test.after(() => rmSync(parts, { recursive: true, force: true }))
  execFileSync(process.execPath, [join(root, 'kernels/browser/build.mjs'), parts], { stdio: 'inherit' })
  test.after(() => rmSync(parent, { recursive: true, force: true }))
  const folder = join(parent, 'site')
  await writeSite(folder, parts)
  return folder
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

export interface SiteServer {
  /** As `http://127.0.0.1:4000/`. */
  readonly address: string
  /** Paths that were asked for and are not there. */
  readonly missing: readonly string[]
  close(): Promise<void>
}

/** A server that only delivers files, as any web server does. */
export async function serveSite(test: Pick<TestContext, 'after'>, folder: string): Promise<SiteServer> {
  const missing: string[] = []
  const server = createServer(({ url }, response) => {
    const path = decodeURIComponent(new URL(url!, 'http://localhost').pathname)
    const given = join(folder, path)
    const file = existsSync(given) && statSync(given).isDirectory() ? join(given, 'index.html') : given
    if (!existsSync(file)) {
      missing.push(path)
      return void response.writeHead(404).end()
    }
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  test.after(close)
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, missing, close }
}

export interface PageMessage {
  readonly type: string
  readonly content: any
}

/** What running a cell gave; see client.ts. */
export interface PageRun {
  readonly reply: any
  readonly messages: readonly PageMessage[]
  readonly stdout: string
  readonly stderr: string
  readonly result: string | null
  readonly error: { readonly name: string; readonly message: string; readonly traceback: string } | null
}

export interface PageKernel {
  run(code: string): Promise<PageRun>
  /** Runs a cell, and interrupts it once it has written something; `after` ms later. Says how long it took to end then. */
  runInterrupted(code: string, after?: number): Promise<PageRun & { readonly ms: number }>
  runWithInput(code: string, answer: string): Promise<PageRun>
  ask(method: 'complete' | 'inspect', code: string, cursor: number): Promise<any>
  restart(): Promise<void>
}

// eslint-disable-next-line no-control-regex
const plain = (text: string) => text.replace(/\u001b\[\d+m/g, '')

/**
 * A kernel in a page of the site, registered by the extension with a stand-in of JupyterLite's `@jupyterlite/services`: the
 * extension, its worker and the messages between them are the site's. `parameters` are those of the page's address.
 */
export async function openKernel(page: Page, address: string, parameters = ''): Promise<PageKernel> {
  await page.goto(`${address}teachers.html?${parameters}`)
  await page.waitForFunction('crossOriginIsolated')
  await page.waitForLoadState('load')
  await page.evaluate(STAND_IN)
  await page.addScriptTag({ url: `${address}extensions/neomesh-kernel/static/remoteEntry.js` })
  await page.evaluate('openKernel()')
  const call = <T>(text: string) => page.evaluate(text) as Promise<T>
  const literal = JSON.stringify
  return {
    run: async (code) => runOf(await call<Ran>(`runCell(${literal(code)})`)),
    async runInterrupted(code, after = 0) {
      const ran = await call<Ran & { ms: number }>(`runCell(${literal(code)}, { interruptAfter: ${after} })`)
      return { ...runOf(ran), ms: ran.ms }
    },
    runWithInput: async (code, answer) =>
      runOf(await call<Ran>(`runCell(${literal(code)}, { answer: ${literal(answer)} })`)),
    ask: (method, code, cursor) => call(`kernel.${method}Request({ code: ${literal(code)}, cursor_pos: ${cursor} })`),
    restart: () => call('openKernel()'),
  }
}

interface Ran {
  readonly reply: any
  readonly messages: readonly PageMessage[]
}

function runOf({ reply, messages }: Ran): PageRun {
  const textOf = (name: string) =>
    messages
      .filter(({ type, content }) => type === 'stream' && content.name === name)
      .map(({ content }) => content.text)
      .join('')
  const error = messages.find(({ type }) => type === 'error')?.content
  return {
    reply,
    messages,
    stdout: textOf('stdout'),
    stderr: textOf('stderr'),
    result: messages.find(({ type }) => type === 'execute_result')?.content.data['text/plain'] ?? null,
    error: error ? { name: error.ename, message: error.evalue, traceback: plain(error.traceback.join('\n')) } : null,
  }
}

/** Runs in the page: what the extension needs of JupyterLite. */
const STAND_IN = `
  window.count = 0
  window.heard = []
  window.listener = null
  const hear = (type) => function (content) { heard.push({ type, content }); listener?.({ type, content }) }
  class BaseKernel {
    constructor(options) { Object.assign(this, options) }
    get executionCount() { return count }
    get isDisposed() { return false }
    stream = hear('stream')
    displayData = hear('display_data')
    updateDisplayData = hear('update_display_data')
    publishExecuteResult = hear('execute_result')
    publishExecuteError = hear('error')
    inputRequest = hear('input_request')
    dispose() {}
  }
  const services = { BaseKernel, IKernelSpecs: 1, IKernelClient: 2 }
  const shared = {
    '@jupyterlite/services': services,
    '@jupyterlab/services': { IDefaultDrive: 3, ServerConnection: { makeSettings: () => ({}) } },
    '@lumino/signaling': { Signal: class { emit(change) { changes.push(change) } } },
  }
  window.changes = []
  const client = { interrupt: async () => {} }
  let create
  window.openKernel = async () => {
    if (!create) {
      const container = _JUPYTERLAB['neomesh-kernel']
      const versions = ([name, module]) => [name, { '1.0.0': { get: async () => () => module } }]
      container.init(Object.fromEntries(Object.entries(shared).map(versions)))
      const { default: [plugin, drivePlugin] } = (await container.get())()
      plugin.activate(null, { register: (kernel) => (create = kernel.create) }, client)
      window.drive = drivePlugin.activate()
    }
    window.kernel?.dispose()
    window.count = 0
    window.kernel = await create({ id: 'one', name: 'neomesh', location: '', sendMessage() {} })
  }
  window.runCell = async (code, { interruptAfter, answer } = {}) => {
    heard = []
    count++
    let began
    listener = ({ type }) => {
      if (type === 'stream' && interruptAfter !== undefined && began === undefined) {
        began = performance.now() + interruptAfter
        setTimeout(() => client.interrupt('one'), interruptAfter)
      }
      if (type === 'input_request') setTimeout(() => kernel.inputReply({ value: answer }))
    }
    const reply = await kernel.executeRequest({ code })
    return { reply, messages: heard, ms: began === undefined ? 0 : performance.now() - began }
  }
`
