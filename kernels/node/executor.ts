/** Runs the JavaScript of cells. */
import { runInThisContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'
import type { Script } from '../core/cells.js'

/** A function that calls its argument in a separate task of the event loop. */
type Task = (work: () => void) => void

/**
 * Each script starts, and ends, in a separate task: where its code is terminated, the microtasks of the same task are
 * dropped, and none of the kernel's must be among them. The promise of a terminated script never settles.
 */
export function createExecutor(): (script: Script) => Promise<void> {
  const task = createTasks()
  return ({ code, isAsync, prepare }) =>
    new Promise((resolve, reject) => {
      const ends = (settle: () => void) => () => task(settle)
      const fails = (error: unknown) => task(() => reject(error))
      task(() => {
        prepare()
          .then(() => {
            const head = isAsync ? 'async function' : 'function'
            return runInThisContext(
              `(${head}(exports, require) { ${code}\n})(__neomesh__.exports, __neomesh__.require)`,
            ) as unknown
          })
          .then(ends(resolve), fails)
      })
    })
}

function createTasks(): Task {
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port2.on('message', () => waiting.shift()?.())
  port2.unref()
  return (work) => {
    waiting.push(work)
    port1.postMessage(null)
  }
}
