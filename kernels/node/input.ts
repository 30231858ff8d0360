/**
 * Input of cells: `process.stdin`, node:readline, `prompt()` and reads of file descriptor 0 become requests for input in
 * the notebook. A request is sent when code asks: a question, a listener for lines or data, a read. Where the notebook
 * does not answer requests (allow_stdin is false), asking is an error at once.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import readline from 'node:readline'
import readlinePromises from 'node:readline/promises'
import { Readable } from 'node:stream'

export class InputNotAvailable extends Error {
  override name = 'StdinNotImplementedError'

  constructor() {
    super(
      'the cell asked for input, but this notebook does not answer requests for input (allow_stdin is false). ' +
        'Assign the value in the cell',
    )
  }
}

export interface Asker {
  /** Whether a cell runs, in a notebook that answers. Throws InputNotAvailable if one runs and it does not. */
  isAvailable(): boolean
  /** The reader's line; null where the cell was interrupted. */
  ask(prompt: string): Promise<string | null>
  /** As `ask`, while the main thread waits. */
  askSync(prompt: string): string | null
}

export interface Input {
  /** As in browsers: null for an interrupted request. */
  readonly prompt: (message?: string, initial?: string) => string | null
  /** Ends what the cell's listeners ask for. */
  endCell(): void
}

/** Replaces the process's input for cells. */
export function provideInput(asker: Asker): Input {
  const stdin = () => {
    const listened = ['data', 'readable']
    const stream: AskingStream = new AskingStream(
      asker,
      () => listened.some((event) => stream.listenerCount(event) > 0),
      () => '',
      () => {},
    )
    return Object.assign(stream, { fd: 0, isTTY: false })
  }
  let current = stdin()
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get: () => current })

  const ignored = new WeakMap<readline.Interface, number>()
  const interfaces = new Set<WeakRef<readline.Interface>>()
  const replace = (module: { createInterface: unknown }) => {
    const original = module.createInterface as (options: object) => readline.Interface
    module.createInterface = (first: unknown, ...rest: unknown[]) => {
      const isStream = typeof (first as Readable | null)?.on === 'function'
      const options = isStream ? { input: first, output: rest[0] } : (first as { input?: unknown })
      if (!(options.input instanceof AskingStream)) return (original as (...v: unknown[]) => unknown)(first, ...rest)
      let asking = false
      const stream = new AskingStream(
        asker,
        () => asking || lines.listenerCount('line') > (ignored.get(lines) ?? 0),
        () => (asking ? lines.getPrompt() : ''),
        () => (asking = false),
      )
      const lines = original({ ...options, input: stream, terminal: false })
      interfaces.add(new WeakRef(lines))
      // The notebook shows the prompt beside the field for the answer.
      lines.prompt = () => {
        asker.isAvailable()
        asking = true
        stream.wake()
      }
      const on = lines.on.bind(lines) as (event: string, listener: Listener) => unknown
      const listen = (event: string, listener: Listener) => {
        if (event === 'line') asker.isAvailable()
        on(event, listener)
        if (event === 'line') stream.wake()
        return lines
      }
      return Object.assign(lines, { on: listen, addListener: listen })
    }
  }
  replace(readline)
  replace(readlinePromises as never)

  const readSync = (prompt: string): string | null => {
    if (!asker.isAvailable()) throw new InputNotAvailable()
    return asker.askSync(prompt)
  }
  const { readFileSync } = fs
  fs.readFileSync = ((path: unknown, options?: unknown) => {
    if (path !== 0 && path !== '/dev/stdin') return readFileSync(path as never, options as never)
    const text = `${readSync('') ?? ''}\n`
    const encoding = typeof options === 'string' ? options : (options as { encoding?: string } | undefined)?.encoding
    return encoding ? text : Buffer.from(text)
  }) as typeof readFileSync
  syncBuiltinESMExports()

  return {
    prompt(message = '', initial = '') {
      const line = readSync(message === '' ? '' : `${message} `)
      return line === '' ? initial : line
    },
    endCell() {
      // Listeners of this cell do not ask in the next one.
      current = stdin()
      for (const reference of interfaces) {
        const lines = reference.deref()
        if (lines) ignored.set(lines, lines.listenerCount('line'))
        else interfaces.delete(reference)
      }
    },
  }
}

type Listener = (...values: any[]) => void

/** A stream of lines, each requested when it is wanted. */
class AskingStream extends Readable {
  private reading = false
  private asked = false

  constructor(
    private readonly asker: Asker,
    private readonly wants: () => boolean,
    private readonly prompt: () => string,
    private readonly answered: () => void,
  ) {
    super()
  }

  override _read(): void {
    this.reading = true
    this.wake()
  }

  /** Asks, if something is wanted now. */
  wake(): void {
    if (!this.reading || this.asked) return
    setImmediate(() => void this.request())
  }

  private async request(): Promise<void> {
    if (this.asked || this.destroyed || !this.reading || !this.wants()) return
    try {
      if (!this.asker.isAvailable()) return
    } catch (error) {
      this.destroy(error as Error)
      return
    }
    this.asked = true
    const line = await this.asker.ask(this.prompt())
    this.asked = false
    this.answered()
    if (line === null) return
    this.reading = false
    this.push(`${line}\n`)
  }

  override on(event: string, listener: Listener): this {
    const isReading = event === 'data' || event === 'readable'
    if (isReading && listener.name !== 'ondata') this.asker.isAvailable()
    super.on(event, listener)
    if (isReading) this.wake()
    return this
  }
}
