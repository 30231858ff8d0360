import { SingleBar } from 'cli-progress'
import { createPace, duration, grouped } from '../text/index.js'

/** Interval between progress lines of a plain log, in ms. */
const INTERVAL = 5000

/** Progress of long work: a bar in a terminal, else a line every few seconds. On stderr, so that results can be piped. */
export interface Progress {
  /** `details` is a short phrase, such as the loss; `total` the final value of `done`, if it was not known before. */
  update(done: number, details?: string, total?: number): void
  /** Ends the display, with a last line `result` if given. */
  stop(result?: string): void
  /** Writes a line above a bar. */
  log(line: string): void
}

export interface ProgressOptions {
  readonly title: string
  /** The final value of `done`; 0 if unknown. */
  readonly total: number
  /** Formats amounts, as in `1.2 MB`. */
  readonly format?: (amount: number) => string
  /** The initial value of `done`, for resumed work. @default 0 */
  readonly start?: number
  readonly stream?: NodeJS.WriteStream
}

export function createProgress(options: ProgressOptions): Progress {
  const { stream = process.stderr } = options
  return stream.isTTY ? createBar(options, stream) : createLog(options, stream)
}

function createBar(options: ProgressOptions, stream: NodeJS.WriteStream): Progress {
  const { title, start = 0 } = options
  const state = createState(options)
  const bar = new SingleBar({
    format: `${title} {bar} {line}`,
    stream,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    fps: 5,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    linewrap: false,
    gracefulExit: false,
  })
  bar.start(Math.max(options.total, 1), start, { line: '' })
  // Restore the cursor if the process exits early, as after a second Ctrl-C.
  const showCursor = () => void stream.write('\u001b[?25h\n')
  process.once('exit', showCursor)
  return {
    update(done, details, total) {
      state.update(done, details, total)
      if (total !== undefined) bar.setTotal(Math.max(total, 1))
      bar.update(state.total > 0 ? done : 0, { line: state.line() })
    },
    stop(result) {
      bar.stop()
      process.off('exit', showCursor)
      if (result !== undefined) stream.write(`${result}\n`)
    },
    log(text) {
      // The bar is redrawn below the line at its next update.
      stream.write(`\r\u001b[2K${text}\n`)
    },
  }
}

/** A timer prints lines too, so that progress is visible during a long wait (a compilation). */
function createLog(options: ProgressOptions, stream: NodeJS.WriteStream): Progress {
  const state = createState(options)
  let last = performance.now()
  const say = (text: string) => {
    last = performance.now()
    stream.write(`${text}\n`)
  }
  const report = () => {
    if (performance.now() - last > INTERVAL) say(`${options.title}: ${state.line()}`)
  }
  const timer = setInterval(report, 1000)
  timer.unref()
  return {
    update(done, details, total) {
      state.update(done, details, total)
      report()
    },
    stop(result) {
      clearInterval(timer)
      if (result !== undefined) say(result)
    },
    log: say,
  }
}

/** The state of the work, and its line. */
function createState({ total, start = 0, format = grouped }: ProgressOptions) {
  const pace = createPace(start)
  let done = start
  let details = ''
  let whole = total
  return {
    get total() {
      return whole
    },
    update(now: number, what = details, of = whole) {
      pace.note(now, performance.now())
      done = now
      details = what
      whole = of
    },
    line() {
      const rate = pace.rate()
      const left = pace.left(whole)
      return [
        `${format(done)}${whole > 0 ? ` of ${format(whole)}` : ''}`,
        rate === null ? '' : `${format(rounded(rate))}/s`,
        left === null ? '' : `${duration(left)} left`,
        details,
      ]
        .filter((part) => part !== '')
        .join(', ')
    },
  }
}

/** Prints every few seconds, until `work` settles, that it is still running: for work of unknown length. */
export async function whileWaiting<T>(
  what: string,
  work: Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const began = performance.now()
  const seconds = () => duration((performance.now() - began) / 1000)
  const show = () => stream.write(stream.isTTY ? `\r\u001b[2K${what} (${seconds()})` : `${what} (${seconds()})\n`)
  const timer = setInterval(show, stream.isTTY ? 1000 : INTERVAL)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (stream.isTTY) stream.write('\r\u001b[2K')
  }
}

function rounded(x: number): number {
  return x >= 100 ? Math.round(x) : Number(x.toPrecision(3))
}
