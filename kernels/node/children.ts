/**
 * Output of child processes that inherit the kernel's stdout or stderr appears in the cell. Their stdin is empty.
 */
import childProcess, { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

type Stdio = unknown
interface Options {
  stdio?: Stdio
}

/** Changes node:child_process for cells and packages, and writes to the file descriptors 1 and 2. */
export function captureChildren(): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(options: { stdio?: Stdio }): number }
  const { spawn } = prototype
  prototype.spawn = function (this: ChildProcess, options) {
    const { stdio, captured } = redirect(options.stdio)
    const status = spawn.call(this, { ...options, stdio })
    for (const at of captured) forward(this, at)
    return status
  }
  for (const name of ['spawnSync', 'execFileSync', 'execSync'] as const) {
    const original = childProcess[name] as (...values: any[]) => any
    const replaced = (...values: unknown[]) => {
      const at = values.findIndex((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
      const options = values[at] as Options | undefined
      // Without options there is nothing inherited but what Node writes to process.stderr itself.
      if (!options?.stdio) return original(...values)
      const { stdio, captured } = redirect(options.stdio)
      values[at] = { ...options, stdio }
      try {
        return written(original(...values), captured, name)
      } catch (error) {
        written(error, captured, 'spawnSync')
        throw error
      }
    }
    Object.assign(childProcess, { [name]: replaced })
  }
  const { writeSync } = fs
  fs.writeSync = ((to: number, data: string | NodeJS.ArrayBufferView, ...rest: never[]) => {
    if ((to !== 1 && to !== 2) || rest.length > 0) return writeSync(to, data as string, ...rest)
    const bytes =
      typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    streamOf(to).write(bytes)
    return bytes.length
  }) as typeof writeSync
  syncBuiltinESMExports()
}

/** The same with pipes for what is inherited; `captured`: file descriptors of those, 1 or 2. */
function redirect(stdio: Stdio): { stdio: Stdio; captured: number[] } {
  if (stdio === undefined || stdio === null) return { stdio, captured: [] }
  const list = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio]
  const captured: number[] = []
  const redirected = list.map((each, at) => {
    const from = sourceOf(each, at)
    if (from === 0) return 'ignore'
    if (from === null || at === 0) return each
    captured.push(at)
    return 'pipe'
  })
  return { stdio: redirected, captured }
}

/** Which of the kernel's streams (0, 1, 2) it is, or null. */
function sourceOf(each: Stdio, at: number): number | null {
  if (each === 'inherit') return at <= 2 ? at : null
  if (each === 0 || each === process.stdin) return 0
  if (each === 1 || each === process.stdout) return 1
  if (each === 2 || each === process.stderr) return 2
  return null
}

const streamOf = (at: number) => (at === 2 ? process.stderr : process.stdout)

function forward(child: ChildProcess, at: number): void {
  const from = child.stdio[at]
  if (!from || !('on' in from)) return
  from.on('data', (data: Buffer) => streamOf(at).write(data))
  // As Node has it of streams that are inherited.
  child.stdio[at as 1] = null as never
  if (at === 1) child.stdout = null
  if (at === 2) child.stderr = null
}

/** Writes what a process has written that has ended; its result as Node has it of streams that are inherited. */
function written(result: any, captured: readonly number[], name: string): unknown {
  if (name !== 'spawnSync') {
    // Of these functions the result is the output alone.
    if (!captured.includes(1)) return result
    process.stdout.write(result)
    return null
  }
  for (const at of captured) {
    const output = result?.output?.[at]
    if (output) streamOf(at).write(output)
    if (result?.output) result.output[at] = null
    if (at === 1 && result && 'stdout' in result) result.stdout = null
    if (at === 2 && result && 'stderr' in result) result.stderr = null
  }
  return result
}
