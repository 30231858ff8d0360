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

/** What V8 and Node say when a number is out of range in our own code; nothing that we throw begins so. */
const OF_RUNTIME = new RegExp(
  '^(Invalid (array|typed array|string|count|code point|time|DataView|BigInt|Array)|Maximum |Array buffer|offset |' +
    'start offset |byte length |Offset is|to[A-Z]\\w+\\(\\) |index out of range|The (value|number) |Value |Division |' +
    'Exponent |Cannot create |(Set|Map) maximum)',
  'i',
)

/** Whether an error's message is for the user, rather than of a mistake in neomesh. */
function isExpected(error: unknown): error is Error {
  if (!(error instanceof Error) || !EXPECTED.has(error.name)) return false
  const { code } = error as NodeJS.ErrnoException
  return error.name !== 'RangeError' || !(OF_RUNTIME.test(error.message) || /^ERR_/.test(code ?? ''))
}

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
  const known = isExpected(error)
  process.stderr.write(`neomesh: ${known ? message : `${message} (unexpected; NEOMESH_DEBUG=stack shows where)`}\n`)
  if (process.env.NEOMESH_DEBUG?.split(',').includes('stack') && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
}
