import type { Engine } from '../../engine/index.js'
import { FileError, join } from '../../files/index.js'
import { createQueue, type TrainEvent } from '../../train/index.js'
import { openFolder, refuseForeign } from '../folder.js'
import { describeMachine, nameOf } from '../machine.js'
import { checkRun } from '../run.js'
import { gridReport, type GridReport } from './grid-report.js'
import type { Cell, GridSpec } from './grid-spec.js'
import type { Pool } from './pool.js'
import { finishedCell, runCell, type CellResult, type CellWork } from './run-cell.js'
import { writeGridReport } from './write-grid-report.js'

export interface GridOptions {
  readonly engine: Engine
  /** Output folder: a run folder for each cell, and the report. An existing one is resumed. */
  readonly out: string
  /** Processes that train cells, and how many at a time. @default one at a time, on the engine */
  readonly pool?: { readonly pool: Pool; readonly size: number }
  /** The cells to train; the others are reported as not finished, unless they were trained before. @default all */
  readonly only?: (cell: Cell) => boolean
  /** Ends after the current steps, with checkpoints. */
  readonly signal?: AbortSignal
}

export type GridEvent =
  | { readonly kind: 'start'; readonly cells: number; readonly finished: number }
  /** An event of a cell in training; `done` cells of `of` are finished. */
  | {
      readonly kind: 'training'
      readonly cell: Cell
      readonly event: TrainEvent
      readonly done: number
      readonly of: number
    }
  /** A cell has ended, now or in an earlier start. */
  | {
      readonly kind: 'result'
      readonly cell: Cell
      readonly result: CellResult
      readonly done: number
      readonly of: number
    }
  | { readonly kind: 'report'; readonly report: GridReport; readonly path: string }
  | { readonly kind: 'end'; readonly interrupted: boolean; readonly report: GridReport | null }

/**
 * Trains every cell of a grid and writes a report; yields progress as events. Called again, it resumes where it stopped, also
 * within a training, and gives the numbers of a grid that was never interrupted. Throws FileError, and what training throws
 * except DivergenceError, which is a result.
 */
export async function* runGrid(spec: GridSpec, options: GridOptions): AsyncGenerator<GridEvent, GridReport | null> {
  const { engine, out, pool, only = () => true, signal } = options
  const { cells } = spec
  const folderOf = ({ id }: Cell) => join(out, id)
  await openForTasks(out, spec)
  for (const cell of cells) await checkRun(folderOf(cell), cell.config)
  const machine = describeMachine(engine)
  const results = new Map<string, CellResult>()
  for (const cell of cells) {
    const known = await finishedCell(folderOf(cell))
    if (known) results.set(cell.id, known)
  }
  const wanted = (cell: Cell) => only(cell) || results.has(cell.id)
  const of = cells.filter(wanted).length
  yield { kind: 'start', cells: of, finished: results.size }
  const workOf = (cell: Cell): CellWork => {
    const { given, tests } = spec.tasks.find(({ name }) => name === cell.task)!
    const further = Object.fromEntries(tests.map((test) => [test.name, test.given]))
    const { evaluateEvery, stopAt } = spec
    const { config } = cell
    return { run: folderOf(cell), config, task: given, tests: further, evaluateEvery, stopAt, machine: nameOf(machine) }
  }
  const write = async (): Promise<GridEvent & { kind: 'report' }> => {
    const report = gridReport({ spec, machine, results })
    return { kind: 'report', report, path: await writeGridReport(out, report) }
  }

  const events = createQueue<GridEvent>()
  const left = cells.filter((cell) => wanted(cell) && !results.has(cell.id))
  const one = async (cell: Cell): Promise<void> => {
    const onEvent = (event: TrainEvent) => events.push({ kind: 'training', cell, event, done: results.size, of })
    const result = pool
      ? await pool.pool.run(workOf(cell), onEvent, signal)
      : await drained(runCell(engine, workOf(cell), signal), onEvent)
    if (result === null) return
    results.set(cell.id, result)
    events.push({ kind: 'result', cell, result, done: results.size, of })
  }
  const work = async () => {
    const lanes = Array.from({ length: Math.min(pool?.size ?? 1, left.length) }, async () => {
      for (let cell = left.shift(); cell && !signal?.aborted; cell = left.shift()) await one(cell)
    })
    await Promise.all(lanes)
  }
  const working = work().finally(events.end)
  working.catch(() => {}) // awaited below, after the events
  for await (const event of events.items()) {
    yield event
    if (event.kind === 'result') yield await write()
  }
  await working
  const last = await write()
  yield last
  yield { kind: 'end', interrupted: results.size < of, report: last.report }
  return last.report
}

async function drained<T, R>(items: AsyncGenerator<T, R>, onItem: (item: T) => void): Promise<R> {
  let next = await items.next()
  for (; !next.done; next = await items.next()) onItem(next.value)
  return next.value
}

const FORMAT = 'neomesh laboratory folder 1'

/** Makes the folder, or checks that it is resumed with the same tasks. */
async function openForTasks(out: string, { tasks, evaluateEvery, stopAt }: GridSpec): Promise<void> {
  await refuseForeign(out, [])
  const settings = {
    format: FORMAT,
    tasks: tasks.map(({ name, given, tests }) => ({
      name,
      given,
      tests: tests.map((test) => [test.name, test.given]),
    })),
    evaluateEvery,
    stopAt,
  }
  if (JSON.stringify(await openFolder(out, settings)) !== JSON.stringify(settings))
    throw new FileError(
      `${out} was started with other tasks, evaluate_every or stop_at. Use another --out, or what it was started with`,
      out,
    )
}
