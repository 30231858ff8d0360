/** The kernel in a browser: one worker that compiles cells, runs them, and answers the editor. */
import { format, inspect as inspectValue } from 'node-inspect-extracted'
import { modules, startBrowser } from '../../src/browser/index.js'
import { provideKernel, type MimeBundle } from '../../src/notebook/kernel.js'
import { PARAMETER_PREFIX } from '../../src/notebook/param.js'
import { bundleOf } from '../../src/notebook/show.js'
import { createCells, type Cells, type Outcome } from '../core/cells.js'
import { patchCompiler } from '../core/compiler.js'
import { FLAGS } from '../core/flags.js'
import { Interrupted } from '../core/interrupts.js'
import { complete, inspect } from '../core/language.js'
import { createStreams } from '../core/streams.js'
import type { CellCompiler } from '../core/tslab.js'
import { loadCompiler, type CompilerBundle } from './compiler.js'
import { ROOT } from './compiler-files.js'
import { execute } from './executor.js'
import { createFindSource } from './find-source.js'
import { createPrompt } from './input.js'
import type { Executed, FromWorker, Published, Request, ToWorker } from './messages.js'
import { createModules } from './modules.js'

declare const neomeshCompiler: CompilerBundle

const say = (message: FromWorker) => self.postMessage(message)

interface Kernel {
  readonly cells: Cells
  readonly compiler: CellCompiler
  readonly flags: Int32Array
  execute(request: Request & { type: 'execute' }): Promise<Executed>
}

async function start({ base, shared, parameters }: ToWorker & { kind: 'start' }): Promise<Kernel> {
  const flags = shared?.flags ?? new Int32Array(16)
  const declarations = fetchJson(new URL('types.json.gz', base))
  const environment = Object.entries(parameters).map(([name, text]) => [`${PARAMETER_PREFIX}${name}`, text])
  Object.assign(globalThis, { NEOMESH_ENVIRONMENT: Object.fromEntries(environment) as Record<string, string> })
  const compilerScript = import(new URL('compiler.js', base).href)
  const [texts] = await Promise.all([declarations, compilerScript, startBrowser({ base })])
  const patched = patchCompiler(ROOT)
  const compiler = loadCompiler(neomeshCompiler, patched, texts)

  let heard: (count: number) => void = () => {}
  const cells = createCells(compiler, patched, modules.neomesh as Readonly<Record<string, unknown>>, {
    root: ROOT,
    flags,
    protect: (work) => work(),
    onInterrupt: (given) => void (heard = given),
    modules: createModules({ ...modules, tslab: compiler }, { 'danfojs-node': new URL('danfo.js', base) }),
    execute,
    breathe,
    inspect: (value) => inspectValue(value, { depth: 1 }),
    findSource: createFindSource(base),
    isInternal: (frame) => frame.includes(base) || frame.includes(`${ROOT}kernels/`),
  })
  interruptHeard = heard
  const ask = (prompt: string) => {
    streams.flush()
    say({ kind: 'input', prompt })
  }
  cells.provide('prompt', createPrompt(shared, ask))

  const publish = (type: Published, content: object) => {
    if (type !== 'stream') streams.flush()
    say({ kind: 'publish', type, content })
  }
  const streams = createStreams((name, text) => publish('stream', { name, text }))
  capture(streams.write)
  provideKernel({
    display: (data: MimeBundle, id: string, update: boolean) =>
      publish(update ? 'update_display_data' : 'display_data', { data, metadata: {}, transient: { display_id: id } }),
    interruptSignal: () => cells.interrupts.signal(),
  })
  const complain = (error: unknown) => {
    if (error instanceof Interrupted) return // the cell has ended with it
    streams.write('stderr', `uncaught: ${cells.report(error).traceback.join('\n')}\n`)
  }
  self.addEventListener('unhandledrejection', (event) => {
    event.preventDefault()
    complain(event.reason)
  })
  self.addEventListener('error', (event) => {
    event.preventDefault()
    complain(event.error)
  })

  const shown = (outcome: Outcome, number: number, silent: boolean): Outcome => {
    if (!outcome.ok || outcome.result === undefined || silent) return outcome
    try {
      const data = bundleOf(outcome.result) ?? { 'text/plain': inspectValue(outcome.result) }
      publish('execute_result', { execution_count: number, data, metadata: {} })
      return outcome
    } catch (error) {
      return { ok: false, error: cells.report(error) }
    }
  }
  return {
    cells,
    compiler,
    flags,
    async execute({ number, code, silent }) {
      const outcome = shown(await cells.run(number, code), number, silent)
      streams.end()
      if (outcome.ok) return { status: 'ok' }
      publish('error', outcome.error)
      return { status: 'error', ...outcome.error }
    },
  }
}

/** Texts of JSON that is compressed, whether or not the server says so. */
async function fetchJson(address: URL): Promise<Record<string, string>> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`cannot load ${address.href} (HTTP ${response.status})`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b
  const text = isCompressed
    ? new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')))
    : new Response(bytes)
  return (await text.json()) as Record<string, string>
}

/** One turn of the event loop, without the 4 ms that nested timers wait. */
const channel = new MessageChannel()
const turns: (() => void)[] = []
channel.port2.onmessage = () => turns.shift()?.()
const breathe = () =>
  new Promise<void>((resolve) => {
    turns.push(resolve)
    channel.port1.postMessage(null)
  })

/** Output of cells, as Node's console formats it. */
function capture(write: (name: 'stdout' | 'stderr', text: string) => void): void {
  const print =
    (name: 'stdout' | 'stderr') =>
    (...values: unknown[]) =>
      write(name, `${format(...values)}\n`)
  const [out, error] = [print('stdout'), print('stderr')]
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: false,
    write: (text: string) => {
      write(name, text)
      return true
    },
  })
  // Of Node's globals, what a cell is likely to use.
  const process = { env: {}, argv: [], platform: 'browser', stdout: stream('stdout'), stderr: stream('stderr') }
  Object.assign(globalThis, { Buffer, process })
  Object.assign(console, { log: out, info: out, debug: out, dir: out, table: out, warn: error, error, trace: error })
}

async function answer({ cells, compiler, execute: run }: Kernel, request: Request): Promise<object> {
  switch (request.type) {
    case 'execute':
      return run(request)
    case 'complete':
      return complete(cells, request.code, request.cursor)
    case 'inspect':
      return inspect(cells, request.code, request.cursor)
    case 'isComplete': {
      const { completed, indent = '' } = compiler.isCompleteCode(request.code)
      return completed ? { status: 'complete' } : { status: 'incomplete', indent }
    }
  }
}

/**
 * Compiles what most first cells begin with, unless a cell waits: most of the time of a first cell is for reading and
 * checking the declarations of the library.
 */
async function warmUp(started: Promise<Kernel>): Promise<void> {
  const { cells } = await started
  await breathe() // requests that have come are heard
  if (!isAsked) cells.warmUp("import * as neo from 'neomesh'\nconst engine = await neo.openEngine()\nengine\n")
}

let isAsked = false
let interruptHeard: (count: number) => void = () => {}
let kernel: Promise<Kernel>

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'start') {
    kernel = start(data)
    kernel.then(
      () => say({ kind: 'ready' }),
      (error) =>
        say({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
    warmUp(kernel).catch(() => {}) // a kernel that could not start has said so
  } else if (data.kind === 'interrupt') {
    const { flags } = await kernel
    if (Atomics.load(flags, FLAGS.requested) < data.count) Atomics.store(flags, FLAGS.requested, data.count)
    say({ kind: 'heard', count: data.count })
    interruptHeard(data.count)
  } else {
    isAsked = true
    const { id, request } = data
    say({ kind: 'answer', id, content: await answer(await kernel, request) })
  }
}
