/** A kernel as a notebook has it: started and spoken to by Python's jupyter_client. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { installKernel } from '../../src/setup/index.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
export const python = join(root, '.venv/bin/python')

export interface KernelMessage {
  /** `iopub`, `shell`, `stdin`, or `client` for the client's own. */
  readonly channel: string
  readonly type: string
  /** Id of the request. */
  readonly parent?: string
  readonly content: any
  /** When it came, in ms. */
  readonly time: number
}

/** What running a cell gave. */
export interface CellRun {
  readonly reply: any
  /** All of it, in order. */
  readonly messages: readonly KernelMessage[]
  readonly stdout: string
  readonly stderr: string
  /** Plain text of the result, if there is one. */
  readonly result: string | null
  /** Name, message and traceback (without colours) of the error, if there is one. */
  readonly error: { readonly name: string; readonly message: string; readonly traceback: string } | null
}

export interface TestKernel {
  pid: number
  run(code: string): Promise<CellRun>
  /** As "Run all" does: all at once. */
  runAll(cells: readonly string[]): Promise<CellRun[]>
  /** Runs a cell; calls back on each message of it. */
  runWatched(code: string, watch: (message: KernelMessage) => void): Promise<CellRun>
  /** Runs a cell; `answer` gets the prompt of each request for input; null is no answer. */
  runWithInput(code: string, answer: (prompt: string) => string | null): Promise<CellRun>
  /** Runs a cell in a notebook that does not answer requests for input. */
  runWithoutInput(code: string): Promise<CellRun>
  interrupt(): Promise<void>
  restart(): Promise<void>
  ask(method: 'complete' | 'inspect', code: string, cursor: number): Promise<any>
  stop(): Promise<void>
  /** Ends the client as SIGKILL does, without a word to the kernel. */
  kill(): void
}

/** Starts a kernel, installed in a folder of its own; `folder` is where its notebook would lie. */
export async function startKernel(folder: string, environment: Record<string, string> = {}): Promise<TestKernel> {
  const prefix = mkdtempSync(join(tmpdir(), 'neomesh-kernel-'))
  await installKernel({ project: root, prefix: prefix })
  const client = spawn(python, [join(root, 'test/kernels/client.py'), 'neomesh', folder], {
    env: { ...process.env, NODE_OPTIONS: '', ...environment, JUPYTER_PATH: join(prefix, 'share/jupyter') },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const messages: KernelMessage[] = []
  const listeners = new Set<() => void>()
  let ended = false
  createInterface({ input: client.stdout }).on('line', (line) => {
    messages.push({ ...JSON.parse(line), time: performance.now() })
    for (const listener of listeners) listener()
  })
  client.on('exit', () => {
    ended = true
    for (const listener of listeners) listener()
  })

  /** The first message, from `start` on, for which `found` says something. */
  const until = <T>(start: number, found: (message: KernelMessage) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      let at = start
      const look = () => {
        for (; at < messages.length; at++) {
          const value = found(messages[at])
          if (value !== undefined) {
            listeners.delete(look)
            return resolve(value)
          }
        }
        if (ended) reject(new Error('the client of the kernel ended: is Jupyter installed? `make setup`'))
      }
      listeners.add(look)
      look()
    })
  let turn: Promise<unknown> = Promise.resolve()
  const command = (method: string, args: object = {}): Promise<any> => {
    const sent = turn.then(() => {
      const start = messages.length
      client.stdin.write(`${JSON.stringify({ method, arguments: args })}\n`)
      return until(start, (m) => (m.type === 'done' ? { content: m.content } : undefined))
    })
    turn = sent.catch(() => {})
    return sent.then(({ content }) => content)
  }
  const shellReply = (id: string) => until(0, (m) => (m.channel === 'shell' && m.parent === id ? m : undefined))
  const finish = async (id: string): Promise<CellRun> => {
    const { content: reply } = await shellReply(id)
    const isIdle = (m: KernelMessage) => m.type === 'status' && m.parent === id && m.content.execution_state === 'idle'
    await until(0, (m) => (isIdle(m) ? true : undefined))
    return summary(
      reply,
      messages.filter((m) => m.channel === 'iopub' && m.parent === id),
    )
  }

  const kernel: TestKernel = {
    pid: (await until(0, (m) => (m.type === 'ready' ? m : undefined))).content.pid,
    run: async (code) => finish(await command('execute', { code })),
    async runWithInput(code, answer) {
      const id: string = await command('execute', { code, allow_stdin: true })
      const answering = until(0, (m) => {
        if (m.parent !== id) return undefined
        const given = m.type === 'input_request' ? answer(m.content.prompt) : null
        if (given !== null) void command('input', { string: given })
        return m.channel === 'shell' ? true : undefined
      })
      answering.catch(() => {}) // as the next
      const run = await finish(id)
      await answering
      return run
    },
    runWithoutInput: async (code) => finish(await command('execute', { code, allow_stdin: false })),
    async runAll(cells) {
      const ids: string[] = []
      for (const code of cells) ids.push(await command('execute', { code }))
      return Promise.all(ids.map(finish))
    },
    async runWatched(code, watch) {
      const id: string = await command('execute', { code })
      const watching = until(0, (m) => {
        if (m.parent !== id || m.channel !== 'iopub') return undefined
        watch(m)
        return m.type === 'status' && m.content.execution_state === 'idle' ? true : undefined
      })
      watching.catch(() => {}) // as the next
      const run = await finish(id)
      await watching
      return run
    },
    interrupt: () => command('interrupt'),
    async restart() {
      kernel.pid = (await command('restart')).pid
    },
    async ask(method, code, cursor) {
      const id: string = await command(method, { code, cursor_pos: cursor })
      return (await shellReply(id)).content
    },
    kill: () => void client.kill('SIGKILL'),
    async stop() {
      client.stdin.end()
      if (!ended) await new Promise((resolve) => client.on('exit', resolve))
      rmSync(prefix, { recursive: true, force: true })
    },
  }
  return kernel
}

function summary(reply: any, messages: readonly KernelMessage[]): CellRun {
  const stream = (name: string) =>
    messages
      .filter((m) => m.type === 'stream' && m.content.name === name)
      .map((m) => m.content.text)
      .join('')
  const result = messages.find((m) => m.type === 'execute_result')
  const error = messages.find((m) => m.type === 'error')?.content
  return {
    reply,
    messages,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    result: result ? result.content.data['text/plain'] : null,
    error: error && {
      name: error.ename,
      message: error.evalue,
      traceback: error.traceback.join('\n').replace(/\u001b\[\d+m/g, ''),
    },
  }
}
