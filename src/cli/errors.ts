import { interruptedStatus } from './interrupt.js'

/** Errors that are a user's to mend: their message says what, where and what to do. */
const EXPECTED = new Set([
  'FileError',
  'DataError',
  'TokenizerError',
  'ConfigError',
  'EngineError',
  'LayoutError',
  'PjrtError',
  'PluginNotFoundError',
  'DivergenceError',
  'RangeError',
  'OpError',
  'UsageError',
  'PlanError',
  'TopologyError',
])

/** A wrong use of the command line. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/**
 * Prints an error as a user needs it, without a stack, and sets the exit status: 1, or that of an interrupt (128 + signal).
 * NEOMESH_DEBUG=stack shows the stack.
 */
export function report(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') {
    process.exitCode = interruptedStatus()
    process.stderr.write('neomesh: interrupted; nothing was written\n')
    return
  }
  process.exitCode = 1
  const message = error instanceof Error ? error.message : String(error)
  const known = error instanceof Error && EXPECTED.has(error.name)
  process.stderr.write(`neomesh: ${known ? message : `${message} (unexpected; NEOMESH_DEBUG=stack shows where)`}\n`)
  if (process.env.NEOMESH_DEBUG?.split(',').includes('stack') && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
}
