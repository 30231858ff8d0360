import { availableParallelism } from 'node:os'
import {
  cellsNamed,
  createPool,
  gridTable,
  gridVerdict,
  readGrid,
  runGrid,
  type Cell,
  type GridEvent,
} from '../ablate/index.js'
import { join } from '../files/index.js'
import { fixed, grouped, plural, textTable } from '../text/index.js'
import { createDisplay, interruptedLine, type Display } from './ablation-progress.js'
import { openEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'

export interface TaskOptions extends EngineOptions {
  readonly out?: string
  /** Parts of the names of the trainings to do. */
  readonly only?: readonly string[]
  /** Processes, each of one thread. */
  readonly processes?: number
}

/** `neomesh ablate` on tasks: trains the cells of the grid, on a CPU as many at a time as it has cores. */
export async function ablateOnTasks(path: string, options: TaskOptions): Promise<void> {
  const spec = await readGrid(path)
  const chosen = new Set(options.only ? cellsNamed(spec, options.only) : spec.cells)
  const out = options.out ?? join('runs', spec.name)
  const engine = await openEngine(options)
  const display = createDisplay()
  const { signal, done } = interruptible(() => display.say(interruptedLine('these steps')))
  const onCpu = options.device === undefined || options.device === 'cpu'
  const size = options.processes ?? (onCpu ? Math.min(availableParallelism(), chosen.size) : 1)
  const pool =
    size > 1 || options.processes !== undefined ? createPool({ engine: options.engine, device: options.device }) : null
  try {
    const only = (cell: Cell) => chosen.has(cell)
    const given = { engine, out, pool: pool ? { pool, size } : undefined, only, signal }
    const show = showGrid(display, engine.description)
    for await (const event of runGrid(spec, given)) show(event)
  } finally {
    display.stop()
    pool?.close()
    done()
    await engine.close()
  }
}

/** Reports a grid to a person, on stderr; the table of results goes to standard output. */
function showGrid(display: Display, engine: string): (event: GridEvent) => void {
  const { say } = display
  const barOf = (total: number, start: number) => display.barOf('training', total, start)
  let path = ''
  const accuracies = new Map<string, number>()
  return (event) => {
    switch (event.kind) {
      case 'start': {
        const there = event.finished > 0 ? `; ${event.finished} already finished` : ''
        say(engine)
        return say(`${plural(event.cells, 'training')}${there}`)
      }
      case 'training': {
        const { cell, event: of, done, of: total } = event
        if (of.kind === 'evaluation' && of.accuracy !== undefined) accuracies.set(cell.id, of.accuracy)
        const known = accuracies.get(cell.id)
        const accuracy = known === undefined ? '' : `, accuracy ${fixed(known, 3)}`
        if (of.kind === 'step' || of.kind === 'evaluation')
          barOf(total, done).update(done, `${cell.id}: step ${grouped(of.step)}${accuracy}`)
        return
      }
      case 'result': {
        const { cell, result, done, of: total } = event
        const tests = Object.entries(result.tests).map(([name, { accuracy }]) => `${name} ${fixed(accuracy, 3)}`)
        const steps = grouped(result.evaluations.at(-1)?.step ?? 0)
        say(
          `${cell.id}: ${result.diverged ?? `${tests.join(', ')} after ${steps} steps`}; ${fixed(result.seconds, 1)} s`,
        )
        barOf(total, done).update(done)
        return
      }
      case 'report':
        path = event.path
        return
      case 'end': {
        display.stop()
        const { interrupted, report } = event
        if (interrupted) return display.stopped()
        if (report) process.stdout.write(`${textTable(gridTable(report))}\n${gridVerdict(report).join('\n')}\n`)
        process.stderr.write(`report: ${path}\n`)
      }
    }
  }
}
