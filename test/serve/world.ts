/** A tiny model, and the real command that serves it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launcher, withoutNews } from '../cli/run-here.js'
import { makeModel } from '../web/world.js'

export const CONFIG = {
  n_vocab: 320,
  n_ctx: 128,
  n_embd: 24,
  n_head: 3,
  n_layer: 3,
  attention_types: [[['global', 'local', 'local'], 1]],
  local_attention_radius: 5,
}

export interface World {
  readonly folder: string
  /** Its name in the API is tiny. */
  readonly model: string
  remove(): void
}

/** A folder with a model of random weights and its tokenizer. */
export async function makeServeWorld(changes: Record<string, unknown> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-serve-'))
  const model = join(folder, 'tiny')
  cpSync(await makeModel(folder, { ...CONFIG, ...changes }), model, { recursive: true })
  return { folder, model, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface Served {
  readonly url: string
  readonly child: ChildProcess
  /** All that it has written to standard error. */
  /** Without the lines that only say that something takes its time. */
  stderr(): string
  /** All that it has written to standard output. */
  stdout(): string
  /** Sends a signal; resolves with the exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `neomesh serve` on a free port; resolves when it says that it serves. */
export async function startServe(model: string, args: readonly string[] = [], env = {}): Promise<Served> {
  const child = spawn(process.execPath, [launcher, 'serve', model, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  })
  const written = { stdout: '', stderr: '' }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += text
        const [, found] = /^serving tiny at (http:\S+)\n/m.exec(written.stdout) ?? []
        if (found !== undefined) resolve(found)
      })
    void ended.then((code) => reject(new Error(`neomesh serve ended with ${code}: ${written.stderr}`)))
  })
  return {
    url,
    child,
    stderr: () => withoutNews(written.stderr),
    stdout: () => written.stdout,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** POSTs JSON; `body` as it is if it is a text. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
