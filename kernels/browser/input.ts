/** `prompt()` in cells: asks in the notebook, while the worker waits. */
import { FLAGS, INPUT } from '../core/flags.js'
import { LENGTH, type SharedMemory } from './messages.js'

export class InputNotAvailable extends Error {
  override name = 'StdinNotImplementedError'

  constructor() {
    super(
      'the page must be isolated for `prompt()` (it is not). Open the site by https or from this computer, and not inside ' +
        'another page, or assign the value in the cell',
    )
  }
}

type Prompt = (message?: string, initial?: string) => string | null

/** `ask` makes the notebook show a field. As in browsers: null for an interrupted request. */
export function createPrompt(shared: SharedMemory | undefined, ask: (prompt: string) => void): Prompt {
  return (message = '', initial = '') => {
    if (!shared) throw new InputNotAvailable()
    const { flags, line } = shared
    Atomics.store(flags, FLAGS.input, INPUT.waiting)
    ask(message === '' ? '' : `${message} `)
    Atomics.wait(flags, FLAGS.input, INPUT.waiting)
    if (Atomics.load(flags, FLAGS.input) === INPUT.interrupted) return null
    const text = new TextDecoder().decode(line.slice(0, flags[LENGTH])) // a copy: shared bytes cannot be decoded
    return text === '' ? initial : text
  }
}

/** In the page: the line that the reader entered. What is longer than the memory is cut. */
export function answerPrompt({ flags, line }: SharedMemory, text: string): void {
  const bytes = new TextEncoder().encode(text).slice(0, line.length)
  line.set(bytes)
  flags[LENGTH] = bytes.length
  Atomics.store(flags, FLAGS.input, INPUT.received)
  Atomics.notify(flags, FLAGS.input)
}

/** In the page: an interrupt ends a request. */
export function endPrompt({ flags }: SharedMemory): void {
  Atomics.store(flags, FLAGS.input, INPUT.interrupted)
  Atomics.notify(flags, FLAGS.input)
}
