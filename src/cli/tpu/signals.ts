/**
 * Signals of a command that follows a TPU: Ctrl-C stops training and deletes the TPU; the end of the terminal, or SIGTERM, leaves
 * both, for `neomesh tpu attach`. A second signal ends the program at once, which also leaves them.
 */
import { interrupted, interruptedStatus, onStopSignal } from '../interrupt.js'

export function stopSignals(): { signal: AbortSignal; detach: AbortSignal; done(): void } {
  const [stop, detach] = [new AbortController(), new AbortController()]
  const done = onStopSignal((name) => {
    process.exitCode = interruptedStatus()
    const [controller, text] =
      name === 'SIGINT'
        ? [stop, 'interrupted: saving, then deleting the TPU (Ctrl-C again: leave it)']
        : [detach, 'The TPU is left as it is: neomesh tpu attach follows it again']
    process.stderr.write(`${text}\n`)
    controller.abort(interrupted())
  })
  return { signal: stop.signal, detach: detach.signal, done }
}
