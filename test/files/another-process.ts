/** A real second process, for what two do to each other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

export interface OtherProcess {
  readonly pid: number
  /** The next line that it says. */
  said(): Promise<string | undefined>
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
}

/** Runs a module in which FILES is the path of src/files and say(text) tells this process; it lives until it is killed. */
export async function anotherProcess(test: TestContext, source: string): Promise<OtherProcess> {
  const files = JSON.stringify(new URL('../../src/files/index.js', import.meta.url).href)
  const code = `const say = (text) => console.log(text); setInterval(() => {}, 1000); ${source.replaceAll('FILES', files)}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  test.after(kill)
  return { pid: child.pid!, kill, said: async () => (await lines.next()).value as string | undefined }
}
