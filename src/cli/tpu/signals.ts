/**
 * Signals of a command that follows a TPU: Ctrl-C stops training and deletes the TPU; the end of the terminal, or SIGTERM, leaves
 * both, for `neomesh tpu attach`. A second signal ends the program at once, which also leaves them.
 */
import { constants } from 'node:os'

export function stopSignals(): { signal: AbortSignal; detach: AbortSignal; done(): void } {
  const [stop, detach] = [new AbortController(), new AbortController()]
  const received = (name: NodeJS.Signals, controller: AbortController, text: string) => () => {
    process.exitCode = 128 + constants.signals[name]
    if (stop.signal.aborted || detach.signal.aborted) process.exit()
    process.stderr.write(`${text}\n`)
    controller.abort(new DOMException('interrupted', 'AbortError'))
  }
  const left = 'The TPU is left as it is: neomesh tpu attach follows it again'
  const listeners = [
    ['SIGINT', received('SIGINT', stop, 'interrupted: saving, then deleting the TPU (Ctrl-C again: leave it)')],
    ['SIGTERM', received('SIGTERM', detach, left)],
    ['SIGHUP', received('SIGHUP', detach, left)],
  ] as const
  for (const [name, listener] of listeners) process.on(name, listener)
  return {
    signal: stop.signal,
    detach: detach.signal,
    done() {
      for (const [name, listener] of listeners) process.off(name, listener)
    },
  }
}
