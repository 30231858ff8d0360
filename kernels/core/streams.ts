/**
 * Output of cells: text written to stdout and stderr is sent to the notebook promptly, in chunks. Sustained output that is
 * faster than the notebook accepts is dropped with a note, as unsent messages are kept in memory.
 */
export type StreamName = 'stdout' | 'stderr'

/** Pieces sent at once within a time, in ms; what exceeds them is gathered until then, or to a length in characters. */
const AT_ONCE = 50
const TIME = 50
const LENGTH = 1 << 16

/** Characters that may be sent at once, and per second on average (Jupyter's limit iopub_data_rate_limit). */
export const BURST = 16e6
const RATE = 1e6

export interface Streams {
  write(name: StreamName, text: string): void
  /** Sends pending text. */
  flush(): void
  /** Sends pending text, and reports how much was dropped. */
  end(): void
}

/** No timer is needed to send, so that output of a busy loop is shown, too. */
export function createStreams(send: (name: StreamName, text: string) => void): Streams {
  let name: StreamName = 'stdout'
  let text = ''
  let began = 0
  let sent = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let allowed = BURST
  let refilled = performance.now()
  let dropped = 0
  /** Whether `length` characters may be sent now. */
  const isAllowed = (length: number) => {
    const now = performance.now()
    allowed = Math.min(BURST, allowed + ((now - refilled) / 1000) * RATE)
    refilled = now
    // Once output is dropped, it stays so for a while: a few lines now and then would be of no use.
    if (length > allowed || (dropped > 0 && allowed < BURST / 8)) return false
    allowed -= length
    return true
  }
  const note = () => {
    if (dropped === 0) return
    const size = (dropped / 1e6).toFixed(1)
    send(
      'stderr',
      `\n[output dropped: ${size} million characters, as the cell writes faster than a notebook can show]\n`,
    )
    dropped = 0
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (text === '') return
    const piece = text
    text = ''
    sent++
    if (!isAllowed(piece.length)) return void (dropped += piece.length)
    note()
    send(name, piece)
  }
  const write = (to: StreamName, piece: string) => {
    if (to !== name) flush()
    name = to
    text += piece
    const now = performance.now()
    if (now - began > TIME) {
      began = now
      sent = 0
    }
    if (sent < AT_ONCE || text.length > LENGTH) flush()
    else timer ??= setTimeout(flush, TIME)
  }
  return {
    write,
    flush,
    end() {
      flush()
      note()
    },
  }
}
