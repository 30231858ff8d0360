/** prctl(2): the signal that a process gets when its parent dies. */
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9
/** Milliseconds between checks for the parent, where the system does not report its death. */
const CHECK_MS = 500

/** Environment variable: the id of the process that started this one and with which this one must end. */
export const PARENT = 'NEOMESH_PARENT'

/**
 * Ends this process when its parent process `parent` has died, also by SIGKILL. On Linux at once, even while native code
 * blocks the event loop; elsewhere when the loop is free.
 */
export async function endWithParent(parent: number): Promise<void> {
  if (process.platform === 'linux') {
    const { koffi } = await import('./koffi.js')
    const prctl = koffi.load(null).func('int prctl(int option, unsigned long argument, ...)')
    prctl(PR_SET_PDEATHSIG, SIGKILL)
  }
  const check = () => process.ppid !== parent && process.kill(process.pid, 'SIGKILL')
  check() // the parent may have died before the call
  setInterval(check, CHECK_MS).unref()
}
