import { report } from './errors.js'
import { endWithFront, startedByNohup } from './front.js'

/** Handles events of the command line's process that belong to no call: signals, unhandled errors, broken pipes. */
export function guardProcess(): void {
  endWithFront()
  if (startedByNohup()) process.on('SIGHUP', () => {})
  const end = (error: unknown) => {
    report(error)
    process.exit()
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
  // A reader that closes the pipe, as in `neomesh sample run | head -1`, is not an error: end as SIGPIPE would.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141)
    end(Object.assign(new Error(`cannot write to standard output: ${reasonOf(error)}`), { name: 'FileError' }))
  })
  // Without a reader of messages, the work continues.
  process.stderr.on('error', () => {})
  process.removeAllListeners('warning')
  process.on('warning', ({ message }) => void process.stderr.write(`neomesh: note: ${message}\n`))
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOSPC' ? 'no space is left on the device. Free some space, or write elsewhere' : error.message
}
