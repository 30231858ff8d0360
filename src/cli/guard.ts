import { report } from './errors.js'
import { endWithFront, startedByNohup } from './front.js'

/** What a process that is the command line does about things that come from outside of any call. */
export function guardProcess(): void {
  endWithFront()
  if (startedByNohup()) process.on('SIGHUP', () => {})
  const end = (error: unknown) => {
    report(error)
    process.exit()
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
  // A reader that has seen enough, as in `neomesh sample run | head -1`, is no mistake: end as SIGPIPE would.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141)
    end(Object.assign(new Error(`cannot write to standard output: ${reasonOf(error)}`), { name: 'FileError' }))
  })
  // Where there is nobody to read messages, the work goes on.
  process.stderr.on('error', () => {})
  process.removeAllListeners('warning')
  process.on('warning', ({ message }) => void process.stderr.write(`neomesh: note: ${message}\n`))
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOSPC' ? 'no space is left on the device. Free some space, or write elsewhere' : error.message
}
