import { constants } from 'node:os'
import { findFront, startedByNohup } from './front.js'

/** Signals that ask a command to stop: Ctrl-C, a scheduler or an init system, the end of the terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type Stop = (typeof SIGNALS)[number]

/** npm forwards a Ctrl-C that the terminal also sends to this process; within this time, in ms, the two are one. */
const SAME_SIGNAL = 500

let received: Stop = 'SIGINT'

/** Exit status after the signal that interrupted this process, as shells have it: 130, 143 or 129. */
export function interruptedStatus(): number {
  return 128 + constants.signals[received]
}

/**
 * Calls a function with the first of these signals; a second one ends the program at once. nohup's are left to nohup.
 * Returns a function that restores the default handling.
 */
export function onStopSignal(onFirst: (signal: Stop) => void): () => void {
  let first: number | null = null
  const stop = (signal: Stop) => {
    if (first !== null) {
      if (signal === received && performance.now() - first < SAME_SIGNAL && findFront() !== null) return
      received = signal
      process.exit(interruptedStatus())
    }
    first = performance.now()
    received = signal
    onFirst(signal)
  }
  const listeners = SIGNALS.filter((signal) => !(signal === 'SIGHUP' && startedByNohup())).map(
    (signal) => [signal, () => stop(signal)] as const,
  )
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener)
  }
}

/** What a stopped command aborts its work with. */
export function interrupted(): DOMException {
  return new DOMException('interrupted', 'AbortError')
}

/**
 * A signal that Ctrl-C (or SIGTERM, or the end of the terminal) aborts, for work that stops at a safe point. A second
 * one ends the program at once. `done` restores the default handling.
 */
export function interruptible(onFirst: () => void = () => {}): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const done = onStopSignal(() => {
    controller.abort(interrupted())
    onFirst()
  })
  return { signal: controller.signal, done }
}
