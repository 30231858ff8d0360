import { spawn } from 'node:child_process'
import { FileError } from '../files/index.js'

/**
 * Runs a program to its end; what it prints goes to stderr. It ends when this process does.
 * @throws FileError with `remedy` if its status is not 0
 */
export async function runProgram(command: string, args: readonly string[], remedy: string): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 2, 2],
    // npm is a batch file on Windows.
    shell: process.platform === 'win32' && command === 'npm',
    env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
  })
  const end = () => child.kill()
  process.once('exit', end)
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? signal!))
    })
    if (status !== 0)
      throw new FileError(`\`${[command, ...args].join(' ')}\` failed (status ${status}). ${remedy}`, command)
  } finally {
    process.off('exit', end)
  }
}
