/**
 * The extension of JupyterLite that registers the kernel, and shows its files. It is a container of webpack's module federation, written by hand:
 * `init` gets what JupyterLite shares, `get` gives the plugin. The kernel's worker lies beside this file.
 */
import { FLAGS } from '../core/flags.js'
import { KERNEL_INFO } from '../core/kernel-info.js'
import { createDrive, type DriveParts } from './drive.js'
import { answerPrompt, endPrompt } from './input.js'
import {
  sharedMemory,
  type Executed,
  type FromWorker,
  type Request,
  type SharedMemory,
  type ToWorker,
} from './messages.js'

const NAME = 'neomesh-kernel'
const base = new URL('.', (document.currentScript as HTMLScriptElement).src).href

/** Time from an interrupt until a worker that does not answer is ended, in ms: as of interrupts.ts for code without a signal. */
const PATIENCE = 900
/** The same for one that has answered: code with the signal, as training, finishes its step and writes a checkpoint. */
const POLITE = 15_000

/** The parts of JupyterLite's `@jupyterlite/services` that are used. */
interface KernelOptions {
  readonly id: string
  readonly name: string
  readonly location: string
  readonly sendMessage: (message: object) => void
}
interface BaseKernel {
  readonly id: string
  readonly executionCount: number
  readonly isDisposed: boolean
  stream(content: object): void
  displayData(content: object): void
  updateDisplayData(content: object): void
  publishExecuteResult(content: object): void
  publishExecuteError(content: object): void
  inputRequest(content: object): void
  dispose(): void
}
interface Services {
  readonly BaseKernel: new (options: KernelOptions) => BaseKernel
  readonly IKernelSpecs: unknown
  readonly IKernelClient: unknown
}
interface Specs {
  register(kernel: { spec: object; create(options: KernelOptions): Promise<BaseKernel> }): void
}
interface Client {
  interrupt(id: string): Promise<void>
}
interface Interruptible extends BaseKernel {
  interrupt(): void
}

type Shared = Record<string, Record<string, { get(): Promise<() => unknown> }>>

const parametersOf = (): Record<string, string> =>
  Object.fromEntries(
    [...new URLSearchParams(location.search)]
      .filter(([name]) => name.startsWith('param.'))
      .map(([name, value]) => [name.slice('param.'.length), value]),
  )

/** A worker that has been started; `hear` gets what it says once it is ready. */
interface KernelWorker {
  readonly worker: Worker
  readonly started: Promise<void>
  /** Where the page is not isolated there is none, and a cell hears of an interrupt on its event loop only. */
  readonly shared: SharedMemory | undefined
  hear: (message: FromWorker) => void
}

function startWorker(): KernelWorker {
  const shared = crossOriginIsolated ? sharedMemory() : undefined
  const worker = new Worker(new URL('worker.js', base), { type: 'module' })
  const started = new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'ready') resolve()
      else if (data.kind === 'failed') reject(new Error(data.message))
      else kernelWorker.hear(data)
    }
    worker.onerror = (event) => reject(new Error(event.message ?? 'the worker could not be loaded'))
  })
  started.catch(() => {})
  worker.postMessage({ kind: 'start', base, shared, parameters: parametersOf() } satisfies ToWorker)
  const kernelWorker: KernelWorker = { worker, started, shared, hear: () => {} }
  return kernelWorker
}

/**
 * The worker of the first kernel. A page that opens a notebook starts it while JupyterLite is still loading: the compiler
 * needs as long as JupyterLite does, and both run at the same time on two cores.
 */
const opens = new URLSearchParams(location.search).get('path')
let spare = crossOriginIsolated && opens?.endsWith('.ipynb') ? startWorker() : undefined

function defineKernel({ BaseKernel }: Services) {
  return class NeomeshKernel extends BaseKernel implements Interruptible {
    private compute!: KernelWorker
    private interrupts = 0
    private cells = 0
    private asked = 0
    private readonly answers = new Map<number, (content: any) => void>()
    /** Ends the running cell with this, where its worker is ended. */
    private abandon: ((content: Executed) => void) | null = null
    private patience: ReturnType<typeof setTimeout> | undefined

    constructor(options: KernelOptions) {
      super(options)
      this.start()
    }

    private start(): void {
      this.interrupts = 0
      this.compute = spare ?? startWorker()
      spare = undefined
      this.compute.hear = (message) => this.hear(message)
    }

    private post(message: ToWorker): void {
      this.compute.worker.postMessage(message)
    }

    private hear(message: FromWorker): void {
      if (message.kind === 'answer') {
        this.answers.get(message.id)?.(message.content)
        this.answers.delete(message.id)
      } else if (message.kind === 'heard') {
        clearTimeout(this.patience)
        this.patience = setTimeout(() => this.end(), POLITE)
      } else if (message.kind === 'input') {
        this.inputRequest({ prompt: message.prompt, password: false })
      } else if (message.kind === 'publish') {
        const content = message.content
        if (message.type === 'stream') this.stream(content)
        else if (message.type === 'display_data') this.displayData(content)
        else if (message.type === 'update_display_data') this.updateDisplayData(content)
        else if (message.type === 'execute_result')
          this.publishExecuteResult({ ...content, execution_count: this.executionCount })
        else this.publishExecuteError(content)
      }
    }

    private async ask<T>(request: Request): Promise<T> {
      await this.compute.started
      return new Promise<T>((resolve) => {
        this.answers.set(++this.asked, resolve)
        this.post({ kind: 'ask', id: this.asked, request })
      })
    }

    async executeRequest({ code, silent = false }: { code: string; silent?: boolean }): Promise<object> {
      const execution_count = this.executionCount
      try {
        const abandoned = new Promise<Executed>((resolve) => (this.abandon = resolve))
        const request = { type: 'execute', number: silent ? this.cells : ++this.cells, code, silent } as const
        const done = await Promise.race([this.ask<Executed>(request), abandoned])
        return done.status === 'ok' ? { ...done, execution_count, user_expressions: {} } : { ...done, execution_count }
      } catch (error) {
        return { ...this.fail(error), execution_count }
      } finally {
        this.abandon = null
        clearTimeout(this.patience)
        dispatchEvent(new Event('neomesh:ran')) // start.ts loads the rest of the site
      }
    }

    private fail(error: unknown): Executed {
      const message = `the kernel could not start: ${error instanceof Error ? error.message : String(error)}`
      const report = { ename: 'KernelError', evalue: message, traceback: [message] }
      this.publishExecuteError(report)
      return { status: 'error', ...report }
    }

    /** Code that does not end on its own is ended with its worker, and variables with it; files stay. */
    interrupt(): void {
      if (this.abandon === null) return
      const count = ++this.interrupts
      if (this.compute.shared) {
        Atomics.store(this.compute.shared.flags, FLAGS.requested, count)
        endPrompt(this.compute.shared)
      }
      this.post({ kind: 'interrupt', count })
      clearTimeout(this.patience)
      this.patience = setTimeout(() => this.end(), this.compute.shared ? POLITE : PATIENCE)
    }

    private end(): void {
      const abandon = this.abandon
      if (abandon === null) return
      this.compute.worker.terminate()
      this.answers.clear()
      this.start()
      const evalue =
        'the cell did not stop, so the kernel was restarted: variables are gone, files are kept. Run the cells above again'
      const report = { ename: 'Interrupted', evalue, traceback: [`Interrupted: ${evalue}`] }
      this.publishExecuteError(report)
      abandon({ status: 'error', ...report })
    }

    async kernelInfoRequest(): Promise<object> {
      return { ...KERNEL_INFO, help_links: [] }
    }

    completeRequest = ({ code, cursor_pos }: Editing) => this.ask({ type: 'complete', code, cursor: cursor_pos })
    inspectRequest = ({ code, cursor_pos }: Editing) => this.ask({ type: 'inspect', code, cursor: cursor_pos })
    isCompleteRequest = ({ code }: { code: string }) => this.ask({ type: 'isComplete', code })
    commInfoRequest = async () => ({ status: 'ok', comms: {} })
    inputReply(content: { value?: string }): void {
      if (this.compute.shared) answerPrompt(this.compute.shared, String(content.value ?? ''))
    }
    async commOpen(): Promise<void> {}
    async commMsg(): Promise<void> {}
    async commClose(): Promise<void> {}

    override dispose(): void {
      if (this.isDisposed) return
      this.compute.worker.terminate()
      kernels.delete(this.id)
      super.dispose()
    }
  }
}

interface Editing {
  readonly code: string
  readonly cursor_pos: number
}

const kernels = new Map<string, Interruptible>()

function makePlugin(services: Services) {
  const NeomeshKernel = defineKernel(services)
  return {
    id: 'neomesh:kernel',
    autoStart: true,
    requires: [services.IKernelSpecs, services.IKernelClient],
    activate(_: unknown, specs: Specs, client: Client) {
      specs.register({
        spec: {
          name: 'neomesh',
          display_name: 'TypeScript (neomesh)',
          language: 'typescript',
          argv: [],
          resources: {},
          metadata: { debugger: false },
        },
        async create(options) {
          const kernel = new NeomeshKernel(options)
          kernels.set(kernel.id, kernel)
          return kernel
        },
      })
      // JupyterLite 0.8 tells no kernel of an interrupt: it only drops the cells that wait.
      const dropWaiting = client.interrupt.bind(client)
      client.interrupt = async (id) => {
        kernels.get(id)?.interrupt()
        await dropWaiting(id)
      }
    },
  }
}

/** The parts of `@jupyterlab/services` that are used. */
interface LabServices {
  readonly IDefaultDrive: unknown
  readonly ServerConnection: { makeSettings(): unknown }
}

/** It replaces the plugin `@jupyterlite/services-extension:default-drive`, which the site's configuration disables. */
const makeDrivePlugin = (
  { IDefaultDrive, ServerConnection }: LabServices,
  { Signal }: Pick<DriveParts, 'Signal'>,
): object => ({
  id: 'neomesh:drive',
  autoStart: true,
  provides: IDefaultDrive,
  activate: () => createDrive({ Signal, serverSettings: ServerConnection.makeSettings(), base }),
})

let shared: Shared
const load = async (name: string) => {
  const [version] = Object.values(shared[name])
  return (await version.get())()
}
const container = {
  init(given: Shared): void {
    shared = given
  },
  async get(): Promise<() => object> {
    const [services, lab, signaling] = await Promise.all(
      ['@jupyterlite/services', '@jupyterlab/services', '@lumino/signaling'].map(load),
    )
    const plugins = [
      makePlugin(services as Services),
      makeDrivePlugin(lab as LabServices, signaling as Pick<DriveParts, 'Signal'>),
    ]
    return () => ({ __esModule: true, default: plugins }) // without the mark JupyterLab takes the module for a plugin
  },
}
const page = window as unknown as { _JUPYTERLAB?: Record<string, object> }
page._JUPYTERLAB ??= {}
page._JUPYTERLAB[NAME] = container
