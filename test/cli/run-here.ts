/** The command line, run in this process, which is fast, or in one of its own, which is real. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../src/cli/main.js'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What was said, without the lines that only say that something takes its time. */
export function withoutNews(stderr: string): string {
  return stderr.replace(/^(preparing|loading|compiling|counting|merging|training)\b[^\n]*\d ?s\b[^\n]*\n/gm, '')
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Runs a command in this process, with these variables in its environment. Not two at a time. */
export async function runHere(args: readonly string[], environment: Environment = {}): Promise<Ended> {
  const before = { ...process.env }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  const stdout = capture(process.stdout)
  const stderr = capture(process.stderr)
  process.exitCode = undefined
  try {
    await run(args)
    return { code: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.restore()
    stderr.restore()
    process.exitCode = undefined
    process.env = before
  }
}

/** The test runner's own messages to its parent are bytes; they pass. */
export function capture(stream: NodeJS.WriteStream) {
  const { write } = stream
  let text = ''
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    if (typeof chunk !== 'string') return write.call(stream, chunk, ...rest)
    text += chunk
    return true
  }) as typeof stream.write
  return {
    text: () => text,
    restore() {
      stream.write = write
    },
  }
}

export const launcher = fileURLToPath(new URL('../../../bin/neomesh.mjs', import.meta.url))

export interface Watched {
  readonly cwd?: string
  readonly env?: Environment
  /** The command's file, of another copy of the package. */
  readonly launcher?: string
  readonly onStart?: (kill: Kill, pid: number) => void
  /** Hear all that has come so far, on stderr and on stdout. */
  readonly onText?: (text: string, kill: Kill) => void
  readonly onOutput?: (text: string, kill: Kill) => void
}

/** A process of its own, through bin/neomesh.mjs, in a process group that signals reach together, as a terminal's. */
export function runThere(args: readonly string[], options: Watched = {}): Promise<Ended & { signal: string | null }> {
  const { cwd, env, launcher: file = launcher, onStart, onText, onOutput } = options
  const child = spawn(process.execPath, [file, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill: Kill = (signal, all = true) => process.kill(all ? -child.pid! : child.pid!, signal)
  onStart?.(kill, child.pid!)
  const out = { stdout: '', stderr: '' }
  const listen = (name: keyof typeof out, listener?: Watched['onText']) =>
    child[name].setEncoding('utf8').on('data', (text: string) => {
      out[name] += text
      listener?.(out[name], kill)
    })
  listen('stdout', onOutput)
  listen('stderr', onText)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, ...out }))
  })
}

/** Sends a signal to all processes of the command, or to the first alone. */
export type Kill = (signal: NodeJS.Signals, all?: boolean) => void

/** Every path under a folder with a digest of what is there. */
export function snapshot(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[]
  return names.sort().map((name) => {
    const entry = lstatSync(join(folder, name))
    if (!entry.isFile()) return `${name} ${entry.isDirectory() ? 'folder' : 'other'}`
    return `${name} ${createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
      .slice(0, 16)}`
  })
}
