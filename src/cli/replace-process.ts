/** F_SETFD of fcntl(2). */
const SET_DESCRIPTOR_FLAGS = 2

/**
 * Replaces this process by Node with other arguments, and these variables added to its environment. The process id, the
 * parent, the terminal and standard input and output stay, so whoever started this process can watch, signal and kill
 * the new program as if it had started it. To be called before anything uses process.stdin, stdout or stderr, which
 * would leave them non-blocking. Returns only where this cannot be done: without glibc, or without koffi for this system.
 */
export async function replaceProcess(args: readonly string[], variables: Record<string, string>): Promise<void> {
  try {
    const { koffi } = await import('../files/koffi.js')
    const glibc = koffi.load('libc.so.6')
    const execve = glibc.func('int execve(const char *path, const char **argv, const char **envp)')
    const fcntl = glibc.func('int fcntl(int fd, int command, ...)')
    const environment = Object.entries({ ...process.env, ...variables }).map(([name, value]) => `${name}=${value}`)
    // Node marks inherited descriptors to be closed by execve.
    for (const fd of [0, 1, 2]) fcntl(fd, SET_DESCRIPTOR_FLAGS, 'int', 0)
    execve(process.execPath, [process.argv0, ...args, null], [...environment, null])
  } catch {
    // The setting makes XLA faster; everything works without it.
  }
}
