import { interruptedStatus } from './interrupt.js'

/** Errors that a user can fix: their message has the cause and the remedy. */
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
  'HostError',
  'LogitsError',
  'EvaluationError',
  'RangeError',
  'OpError',
  'UsageError',
  'PlanError',
  'ServeError',
  'CloudError',
  'ClusterError',
  'TopologyError',
])

/** Those that quote files, which may contain line breaks. */
const QUOTING = new Set(['FileError', 'DataError', 'TokenizerError', 'ConfigError', 'EvaluationError'])

/** Messages of V8 and Node for a number out of range in neomesh's code; errors thrown by neomesh never begin like this. */
const OF_RUNTIME = new RegExp(
  '^(Invalid (array|typed array|string|count|code point|time|DataView|BigInt|Array)|Maximum |Array buffer|offset |' +
    'start offset |byte length |Offset is|to[A-Z]\\w+\\(\\) |index out of range|The (value|number) |Value |Division |' +
    'Exponent |Cannot create |(Set|Map) maximum)',
  'i',
)

/** Whether an error is a user's to fix, rather than a defect of neomesh. */
function isExpected(error: unknown): error is Error {
  if (!(error instanceof Error) || !EXPECTED.has(error.name)) return false
  const { code } = error as NodeJS.ErrnoException
  return error.name !== 'RangeError' || !(OF_RUNTIME.test(error.message) || /^ERR_/.test(code ?? ''))
}

/** Longer lines, which quote a file's content, are shown without their middle. */
const LONGEST_LINE = 1000

/**
 * Text that quotes files, for a terminal: control characters, with which a file could write anywhere on the screen, are
 * escaped, line breaks aside, and long lines shortened.
 */
export function printable(text: string): string {
  const lines = text.replace(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]|\p{Cs}/gu, escaped).split('\n')
  return lines
    .map((line) => (line.length <= LONGEST_LINE ? line : `${line.slice(0, 700)} ... ${line.slice(-200)}`))
    .join('\n')
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Invalid use of the command line. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/**
 * Prints an error for the user, without a stack, and sets the exit status: 1, or that of an interrupt (128 + signal).
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
  const quoting = error instanceof Error && QUOTING.has(error.name)
  // Lists of problems have an indented line each; any other line break comes from quoted content.
  const lines = quoting ? message.replace(/\n(?! {2})/g, '\\n') : message
  process.stderr.write(`neomesh: ${printable(lines)}${known ? '' : ' (unexpected; NEOMESH_DEBUG=stack shows where)'}\n`)
  if (process.env.NEOMESH_DEBUG?.split(',').includes('stack') && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
}
