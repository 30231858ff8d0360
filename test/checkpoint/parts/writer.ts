/**
 * A process of a run of several, for tests: `writer.js RUN ATTEMPT PROCESS PROCESSES FIRST LAST` saves its part of each of
 * these steps. The numbers of a step follow from the step.
 */
import { fileURLToPath } from 'node:url'
import { checkpointFolder, saveParts, type SavedPiece } from '../../../src/checkpoint/index.js'
import { parseModelConfig } from '../../../src/config/index.js'
import { endWithParent, PARENT } from '../../../src/files/index.js'
import { TINY } from '../../cli/world.js'

const ROWS = 16
const WIDTH = 3000
export const NAMES = ['a', 'b', 'c']

/** The numbers of a variable after a step. */
export function numbersOf(name: string, step: number): Float32Array {
  return Float32Array.from({ length: ROWS * WIDTH }, (_, i) => i * 0.5 + step * 1000 + name.charCodeAt(0))
}

export const SHAPE = [ROWS, WIDTH]

/** Saves what a process has of a step. */
export function saveStep(run: string, step: number, attempt: string, index: number, count: number): Promise<void> {
  const rows = ROWS / count
  const pieces = NAMES.map((name): SavedPiece => {
    const [starts, sizes] = [
      [index * rows, 0],
      [rows, WIDTH],
    ]
    const data = async () => numbersOf(name, step).subarray(index * rows * WIDTH, (index + 1) * rows * WIDTH)
    return { name, shape: SHAPE, grid: SHAPE, starts, sizes, data }
  })
  const { config } = parseModelConfig(TINY, 'test')
  const options = { process: { index, count }, attempt, deadline: 60_000 }
  return saveParts(checkpointFolder(run, step), pieces, { step, tokens: step, config }, options)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await endWithParent(Number(process.env[PARENT]))
  const [run, attempt, ...rest] = process.argv.slice(2)
  const [index, count, first, last] = rest.map(Number)
  for (let step = first; step <= last; step++) await saveStep(run, step, attempt, index, count)
}
