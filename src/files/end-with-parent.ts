/** prctl(2): the signal that a process gets when its parent dies. */
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9
/** How often the parent is looked for where the system does not report its death, in ms. */
const LOOK = 500

/** Names the process that starts a command for its own use, and with which that command is to end. */
export const PARENT = 'NEOMESH_PARENT'

/**
 * Ends this process, at once, when the process `parent` that started it has died, however that ended: also by SIGKILL,
 * and also while native code blocks this one's event loop (on Linux; elsewhere when the loop is free).
 */
export async function endWithParent(parent: number): Promise<void> {
  if (process.platform === 'linux') {
    const { koffi } = await import('./koffi.js')
    const prctl = koffi.load(null).func('int prctl(int option, unsigned long argument, ...)')
    prctl(PR_SET_PDEATHSIG, SIGKILL)
  }
  const look = () => process.ppid !== parent && process.kill(process.pid, 'SIGKILL')
  look() // it may have died before the call
  setInterval(look, LOOK).unref()
}
