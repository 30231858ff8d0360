/** Server-sent events over a response, at the reader's pace. */
import type { ServerResponse } from 'node:http'

export class EventStream {
  constructor(private readonly response: ServerResponse) {}

  /** Sends the status and the headers. */
  open(): void {
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // nginx would otherwise collect the events.
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    this.response.flushHeaders()
  }

  /** Sends an event; waits while the reader is behind. Returns at once when the reader has gone. */
  async send(data: object | '[DONE]'): Promise<void> {
    const { response } = this
    if (response.destroyed) return
    // JSON has no line breaks of its own.
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    if (response.write(`data: ${text}\n\n`)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('drain', done)
        response.off('close', done)
        resolve()
      }
      response.on('drain', done)
      response.on('close', done)
    })
  }

  end(): void {
    this.response.end()
  }
}
