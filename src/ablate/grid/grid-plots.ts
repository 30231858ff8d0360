import { dotChart, heatMap, lineChart, styleOf, type Series } from '../../plot/index.js'
import { fixed, grouped, short } from '../../text/index.js'
import type { Figure } from '../plots.js'
import { mean } from '../statistics.js'
import type { GridReport, GridRow } from './grid-report.js'
import { shownPoint } from './grid-spec.js'
import { OWN_TEST } from './run-cell.js'
import { shownAccuracy } from './grid-verdict.js'

const ACCURACY = 'accuracy over labelled tokens'
const accuracyAxis = { label: ACCURACY, kind: 'linear', format: (x: number) => fixed(x, 2) } as const

/** The figures that a report has data for. */
export function gridFigures(report: GridReport): Figure[] {
  return [
    ...report.tasks.flatMap(({ name }) => accuracyByVariant(report, name) ?? []),
    ...report.tasks.flatMap(({ name }) => recallAgainstMemory(report, name) ?? []),
    ...[kindsByTasks(report) ?? []].flat(),
    ...report.tasks.flatMap(({ name }) => learning(report, name) ?? []),
  ]
}

const rowsOf = ({ summary }: GridReport, task: string) =>
  summary.filter((row): row is GridRow & { accuracy: object } => row.task === task && row.accuracy !== null)

const indexOf = ({ variants }: GridReport, variant: string) => variants.findIndex(({ name }) => name === variant)

/** "delta, n_embd 64". */
export function rowName({ variant, point }: Pick<GridRow, 'variant' | 'point'>): string {
  return [variant, shownPoint(point)].filter((part) => part !== '').join(', ')
}

function accuracyByVariant(report: GridReport, task: string): Figure | null {
  const rows = rowsOf(report, task)
  if (rows.length === 0) return null
  const title = `Accuracy on ${task}`
  return {
    name: `accuracy-${task}`,
    title,
    caption: 'Large marks are means over the seeds, bars one standard deviation to each side, small dots the seeds.',
    svg: dotChart({
      title,
      label: ACCURACY,
      format: (x) => fixed(x, 3),
      rows: rows.map((row) => ({
        name: rowName(row),
        style: styleOf(indexOf(report, row.variant)),
        values: cellsOf(report, row).flatMap(({ seed, result }) => {
          const value = result?.tests[OWN_TEST]?.accuracy
          return value === undefined ? [] : [{ value, tooltip: `${rowName(row)}, seed ${seed}: ${fixed(value, 4)}` }]
        }),
        mean: row.accuracy.mean,
        deviation: row.accuracy.deviation,
      })),
    }),
  }
}

const cellsOf = ({ cells }: GridReport, { task, variant, point, tuned }: GridRow) => {
  const key = JSON.stringify(Object.entries({ ...point, ...tuned }).sort())
  return cells.filter(
    (cell) =>
      cell.task === task && cell.variant === variant && JSON.stringify(Object.entries(cell.point).sort()) === key,
  )
}

/** Accuracy against state size: what a byte of state buys. */
function recallAgainstMemory(report: GridReport, task: string): Figure | null {
  const rows = rowsOf(report, task)
  const sizes = [...new Set(rows.map(({ stateBytes }) => stateBytes).filter((bytes) => bytes > 0))]
  if (sizes.length < 2) return null
  const series = report.variants.map(({ name }, index): Series => {
    const own = rows.filter(({ variant, stateBytes }) => variant === name && stateBytes > 0)
    const points = own.map(({ stateBytes, accuracy, halfWidth }) => ({
      x: stateBytes,
      y: accuracy.mean,
      ...(halfWidth !== null && {
        low: Math.max(0, accuracy.mean - halfWidth),
        high: Math.min(1, accuracy.mean + halfWidth),
      }),
    }))
    return { name, style: styleOf(index), points: points.toSorted((a, b) => a.x - b.x) }
  })
  const title = `Recall against memory: ${task}`
  return {
    name: `memory-${task}`,
    title,
    caption:
      'Accuracy against the decoding state of a sequence, in bytes as stored, of all layers; means over the seeds, with ' +
      'bands of their 95 % interval. For attention the state is its keys and values.',
    svg: lineChart({
      title,
      x: { label: 'state of a sequence (bytes)', kind: 'log', format: short },
      y: accuracyAxis,
      series: series.filter(({ points }) => points.length > 0),
    }),
  }
}

/** Kinds by tasks, where there are several tasks or tests. */
function kindsByTasks(report: GridReport): Figure | null {
  const columns = report.tasks.flatMap(({ name, tests }) => [
    { label: name, task: name, test: null as string | null },
    ...tests.map((test) => ({ label: `${name}: ${test.name}`, task: name, test: test.name as string | null })),
  ])
  if (columns.length < 2 || report.summary.length === 0) return null
  const names = [...new Set(report.summary.map(rowName))]
  const rows = names.map((name) => ({
    name,
    values: columns.map(({ task, test }) => {
      const row = report.summary.find((each) => each.task === task && rowName(each) === name)
      return (test === null ? row?.accuracy?.mean : row?.tests[test]?.mean) ?? null
    }),
  }))
  const title = 'Kinds and tasks'
  return {
    name: 'kinds-by-tasks',
    title,
    caption: 'Accuracy, means over the seeds at the best training keys. Chance depends on the task: 0.5 for parity.',
    svg: heatMap({ title, columns: columns.map(({ label }) => label), rows, format: (x) => fixed(x, 2) }),
  }
}

function learning(report: GridReport, task: string): Figure | null {
  const rows = rowsOf(report, task)
  const series = rows.map((row): Series => {
    const runs = cellsOf(report, row).flatMap(({ result }) => (result?.diverged === null ? [result] : []))
    // A training that was solved early keeps its last accuracy.
    const steps = [...new Set(runs.flatMap(({ evaluations }) => evaluations.map(({ step }) => step)))].sort(
      (a, b) => a - b,
    )
    const at = (step: number) =>
      mean(runs.map(({ evaluations }) => evaluations.findLast((each) => each.step <= step)?.accuracy ?? 0))
    return {
      name: rowName(row),
      style: styleOf(rows.indexOf(row)),
      points: steps.map((step) => ({ x: step, y: at(step) })),
    }
  })
  if (series.every(({ points }) => points.length === 0)) return null
  const title = `Accuracy against steps: ${task}`
  return {
    name: `learning-${task}`,
    title,
    caption: `Means over the seeds, at the best training keys. ${rows.map((row) => `${rowName(row)} ends at ${shownAccuracy(row)}`).join('; ')}.`,
    svg: lineChart({
      title,
      x: { label: 'steps', kind: 'linear', format: grouped },
      y: accuracyAxis,
      series,
    }),
  }
}
