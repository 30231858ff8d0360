/** A process that trains cells of a grid, one after the other; see pool.ts. */
import { openEngine, type Engine } from '../../engine/index.js'
import { endWithParent, PARENT } from '../../files/index.js'
import type { FromWorker, PoolEngine, ToWorker } from './pool.js'
import { runCell, type CellResult, type CellWork } from './run-cell.js'

// Ctrl-C reaches all processes of a terminal: the parent says when to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

/** The engine, and the cell in training: its messages come in order. */
let engine: Promise<Engine> | null = null
let controller = new AbortController()

const send = (message: FromWorker) => process.send!(message)

process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') controller.abort(new DOMException('interrupted', 'AbortError'))
  else if (message.kind === 'open') engine = open(message.engine)
  else void answer(message.work)
})
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
await endWithParent(Number(process.env[PARENT]))

function open(options: PoolEngine): Promise<Engine> {
  const opened = openEngine({ ...options, deviceCount: 1, threads: 1 })
  opened.catch(() => {}) // reported by the first cell
  return opened
}

async function answer(work: CellWork): Promise<void> {
  controller = new AbortController()
  try {
    send({ kind: 'done', result: await train(await engine!, work, controller.signal) })
  } catch (error) {
    const { name, message } = error as Error
    send({ kind: 'failed', name, message })
  }
}

async function train(on: Engine, work: CellWork, signal: AbortSignal): Promise<CellResult | null> {
  const training = runCell(on, work, signal)
  let next = await training.next()
  for (; !next.done; next = await training.next()) {
    const { kind } = next.value
    if (kind === 'step' || kind === 'evaluation') send({ kind: 'event', event: next.value })
  }
  return next.value
}
