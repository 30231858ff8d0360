/** Output of cells: what the process writes to stdout and stderr goes to the notebook. */
import { createStreams, type StreamName, type Streams } from '../core/streams.js'

export { BURST, type Streams } from '../core/streams.js'

/** Replaces the writes of the process. */
export function captureStreams(send: (name: StreamName, text: string) => void): Streams {
  const streams = createStreams(send)
  const write = (to: StreamName) => {
    const decoder = new TextDecoder()
    return (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      streams.write(to, typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      const done = rest.at(-1)
      if (typeof done === 'function') setImmediate(done as () => void)
      return true
    }
  }
  process.stdout.write = write('stdout')
  process.stderr.write = write('stderr')
  return streams
}
