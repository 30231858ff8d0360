/**
 * The end of the process. XLA's threads must not run while C++ destroys its statics, so clients that a script forgot
 * to close are closed in Node's exit event, which comes after process.exit() and after an uncaught error, too.
 */
interface Closable {
  closeSync(): void
}

const open = new Set<Closable>()
let listening = false

export function closeAtExit(client: Closable): void {
  open.add(client)
  if (listening) return
  listening = true
  process.on('exit', () => {
    for (const client of open) client.closeSync()
  })
}

export function closedBefore(client: Closable): void {
  open.delete(client)
}

/**
 * libtpu's profiling timer kills a process that ends by itself (SIGPROF, while Node takes itself down), but not one
 * that ends by process.exit(); so end by that, after all other listeners.
 */
export function endByProcessExit(): void {
  const end = (code: number) => {
    const listeners = process.rawListeners('exit')
    for (const later of listeners.slice(listeners.indexOf(end) + 1)) later.call(process, code)
    process.exit()
  }
  process.on('exit', end)
}
