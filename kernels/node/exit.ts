/** `process.exit()` in a cell is an error of the cell; Jupyter stops the kernel. */

export class ProcessExit extends Error {
  override name = 'ProcessExit'

  constructor(call: string) {
    super(`${call} was called in a cell, and the kernel was not stopped. Use "Shut Down Kernel" to stop it`)
  }
}

/** Replaces it; `ended` takes the error, too, as a callback may have called. Returns the real one. */
export function refuseExit(ended: (error: ProcessExit) => void): () => never {
  const exit = process.exit.bind(process)
  const refuse = (call: string) => {
    const error = new ProcessExit(call)
    ended(error)
    throw error
  }
  process.exit = (code) => refuse(`process.exit(${code ?? ''})`)
  process.abort = () => refuse('process.abort()')
  return exit
}
