/** The kernel's side of Jupyter's protocol: tslab's server, completed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect as inspectValue } from 'node:util'
import { provideKernel, type MimeBundle } from '../../src/notebook/kernel.js'
import { bundleOf } from '../../src/notebook/show.js'
import type { Attendant } from './attendant.js'
import type { Cells, Outcome } from '../core/cells.js'
import { Interrupted } from '../core/interrupts.js'
import { KERNEL_INFO } from '../core/kernel-info.js'
import { complete, inspect } from '../core/language.js'
import { captureChildren } from './children.js'
import { ProcessExit, refuseExit } from './exit.js'
import { InputNotAvailable, provideInput, type Input } from './input.js'
import { readFrames, typeOf } from './messages.js'
import { captureStreams, type Streams } from './streams.js'
import type { Handler, Message, Server, Tslab } from './tslab.js'

/** After a cell failed, how long cells that were sent together with it may take to arrive, in ms. */
const ARRIVAL = 100
/** Limit on messages queued for the client. Most are small, and streams.ts bounds the others. */
const UNREAD = 10_000
/** Time for the last messages to be sent before the process ends, in ms. */
const LEAVE = 100

export function createServer(tslab: Tslab, cells: Cells, attendant: Attendant, connectionFile: string): Server {
  const { bindInput } = attendant
  const exit = refuseExit((error) => cells.interrupts.giveUp(error))
  class KernelServer extends tslab.Server {
    private count = 0
    /** The request that runs, or ran last: what is shown belongs to it. */
    private current: Message | null = null
    private running = false
    private queue: Promise<void> = Promise.resolve()
    /** Requests up to this one fail with the cell that failed. */
    private received = 0
    private abortedUpTo = 0
    private readonly streams: Streams
    private readonly input: Input

    constructor() {
      super(handlerOf(tslab, cells), connectionFile)
      this.streams = captureStreams((name, text) => this.publish('stream', { name, text }))
      const display = (bundle: MimeBundle, id: string, update: boolean) =>
        this.publish(update ? 'update_display_data' : 'display_data', {
          data: bundle,
          metadata: {},
          transient: { display_id: id },
        })
      provideKernel({ display, interruptSignal: () => cells.interrupts.signal() })
      captureChildren()
      this.input = provideInput({
        isAvailable: () => {
          if (this.running && !this.current?.content.allow_stdin) throw new InputNotAvailable()
          return this.running
        },
        ask: async (prompt) => this.inputOf(await attendant.ask(this.inputRequest(prompt))),
        askSync: (prompt) => this.inputOf(attendant.askSync(this.inputRequest(prompt))),
      })
      cells.provide('prompt', this.input.prompt)
      process.on('unhandledRejection', (error) => this.complain(error))
      process.on('uncaughtException', (error) => this.complain(error))
    }

    /** Cells run one after the other; other requests are answered at once. */
    override handleShellMessage(socket: unknown, ...frames: Buffer[]): Promise<void> {
      if (typeOf(frames) !== 'execute_request') return super.handleShellMessage(socket, ...frames)
      const turn = ++this.received
      const run = this.queue.then(async () => {
        this.aborting = turn <= this.abortedUpTo
        await super.handleShellMessage(socket, ...frames)
      })
      this.queue = run.catch(() => {}) // a message that cannot be read holds up no other
      return run
    }
    private aborting = false

    override async handleExecute(socket: unknown, message: Message): Promise<void> {
      if (this.aborting) return this.answer(socket, message, { status: 'aborted', execution_count: this.count })
      const { code, silent = false, stop_on_error: stops = true } = message.content as ExecuteRequest
      this.current = message
      this.running = true
      if (!silent) this.publish('execute_input', { code, execution_count: ++this.count })
      const reply = { execution_count: this.count }
      const outcome = this.shown(await cells.run(this.count, code), silent)
      this.streams.end()
      if (outcome.ok) {
        this.answer(socket, message, { ...reply, status: 'ok', payload: [], user_expressions: {} })
      } else {
        this.publish('error', outcome.error)
        if (stops) {
          await new Promise((resolve) => setTimeout(resolve, ARRIVAL))
          this.abortedUpTo = this.received
        }
        this.answer(socket, message, { ...reply, status: 'error', ...outcome.error })
      }
      this.running = false
      this.input.endCell()
    }

    private inputRequest(prompt: string): readonly (Uint8Array | string)[] {
      this.streams.flush()
      const request = this.current!.createReply()
      request.header.msg_type = 'input_request'
      request.content = { prompt, password: false }
      let frames: readonly (Uint8Array | string)[] = []
      request.signAndSend(this.connInfo.key, { send: (given: typeof frames) => (frames = given) })
      return frames
    }

    private inputOf(frames: readonly Uint8Array[] | null): string | null {
      const content = frames && readFrames(frames, this.connInfo.key)
      return content ? String(content.value ?? '') : null
    }

    /** Shows the result of a cell. Formatting it may run code of the user; if that throws, the cell has failed. */
    private shown(outcome: Outcome, silent: boolean): Outcome {
      if (!outcome.ok || outcome.result === undefined || silent) return outcome
      try {
        this.publish('execute_result', { execution_count: this.count, ...resultOf(outcome.result) })
        return outcome
      } catch (error) {
        return { ok: false, error: cells.report(error) }
      }
    }

    /** A kernel that answers the editor while a cell runs is busy all the same. */
    override publishStatus(status: string, parent: Message): void {
      this.streams?.flush()
      super.publishStatus(status, parent)
      if (status === 'idle' && this.running && this.current && parent !== this.current)
        super.publishStatus('busy', this.current)
    }

    override async bindSocket(socket: unknown, port: number): Promise<void> {
      // Above the limit messages are lost; Node's default would be reached by a cell that prints much.
      if (port === this.connInfo.iopub_port) Object.assign(this.iopub, { sendHighWaterMark: UNREAD, sendTimeout: 0 })
      if (port === this.connInfo.stdin_port)
        return bindInput(`${this.connInfo.transport}://${this.connInfo.ip}:${port}`)
      await super.bindSocket(socket, port)
    }

    override handleCommInfoRequest(socket: unknown, message: Message): void {
      this.answer(socket, message, { status: 'ok', comms: {} })
    }

    override close(): void {
      // The process must end whatever cells have left running: only that frees device memory.
      const closed = attendant.close()
      setTimeout(() => void Promise.race([closed, sleep(LEAVE)]).then(() => exit()), LEAVE)
    }

    private publish(type: string, content: object): void {
      if (type !== 'stream') this.streams.flush()
      const message = this.current?.createReply()
      if (!message) return
      message.header.msg_type = type
      message.content = content
      message.signAndSend(this.connInfo.key, this.iopub)
    }

    private answer(socket: unknown, message: Message, content: object): void {
      const reply = message.createReply()
      reply.header.msg_type = message.header.msg_type.replace(/_request$/, '_reply')
      reply.content = content
      reply.signAndSend(this.connInfo.key, socket)
    }

    /** Reports an error that no cell waits for. */
    private complain(error: unknown): void {
      if (error instanceof Interrupted || error instanceof ProcessExit) return // the cell has ended with it
      process.stderr.write(`uncaught: ${cells.report(error).traceback.join('\n')}\n`)
    }
  }
  return new KernelServer()
}

interface ExecuteRequest {
  readonly code: string
  readonly silent?: boolean
  readonly stop_on_error?: boolean
}

function handlerOf(tslab: Tslab, cells: Cells): Handler {
  return {
    handleKernel: () => KERNEL_INFO,
    handleIsComplete({ code }) {
      const { completed, indent = '' } = tslab.isCompleteCode(code)
      return completed ? { status: 'complete' } : { status: 'incomplete', indent }
    },
    handleInspect: ({ code, cursor_pos }) => inspect(cells, code, cursor_pos),
    handleComplete: ({ code, cursor_pos }) => complete(cells, code, cursor_pos),
    handleShutdown: ({ restart }) => ({ status: 'ok', restart }),
    close: () => cells.close(),
  }
}

function resultOf(value: unknown): { data: MimeBundle; metadata: object } {
  return { data: bundleOf(value) ?? { 'text/plain': inspectValue(value) }, metadata: {} }
}
