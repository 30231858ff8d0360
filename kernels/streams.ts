/** Output of cells: what is written to stdout and stderr goes to the notebook, in pieces, as soon as may be. */
export type StreamName = 'stdout' | 'stderr'

/** Pieces that go at once within a time, in ms; what comes beyond is gathered until then, or to a length in characters. */
const AT_ONCE = 50
const TIME = 50
const LENGTH = 1 << 16

export interface Streams {
  /** Sends what is waiting. */
  flush(): void
}

/** Takes over the writes of the process. A loop that never rests is heard from, too: no timer is needed to send. */
export function captureStreams(send: (name: StreamName, text: string) => void): Streams {
  let name: StreamName = 'stdout'
  let text = ''
  let began = 0
  let sent = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (text === '') return
    const piece = text
    text = ''
    sent++
    send(name, piece)
  }
  const write = (to: StreamName) => {
    const decoder = new TextDecoder()
    return (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (to !== name) flush()
      name = to
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      const now = performance.now()
      if (now - began > TIME) {
        began = now
        sent = 0
      }
      if (sent < AT_ONCE || text.length > LENGTH) flush()
      else timer ??= setTimeout(flush, TIME)
      const done = rest.at(-1)
      if (typeof done === 'function') setImmediate(done as () => void)
      return true
    }
  }
  process.stdout.write = write('stdout')
  process.stderr.write = write('stderr')
  return { flush }
}
