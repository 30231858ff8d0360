import { bytes, fixed, grouped, plural } from '../../text/index.js'
import { heading, text, title, table, figure, machineRows, type DocumentPart } from '../document-part.js'
import { sum } from '../statistics.js'
import { gridFigures, rowName } from './grid-plots.js'
import type { GridReport, GridRow } from './grid-report.js'
import { shownPoint } from './grid-spec.js'
import { gridVerdict, shownAccuracy } from './grid-verdict.js'

/** A report for people to read, made from report.json alone. */
export function gridDocument(report: GridReport): DocumentPart[] {
  const { tasks, variants, seeds, machine, cells, stopAt, evaluateEvery } = report
  const done = cells.filter(({ result }) => result !== null).length
  return [
    title(`Ablation: ${report.name}`),
    text(
      `${plural(variants.length, 'variant')} on ${plural(tasks.length, 'task')}, ${plural(cells.length, 'training')} with ` +
        `${plural(seeds.length, 'seed')} (${seeds.join(', ')}). Accuracy is over labelled tokens of test sequences; ± is half ` +
        `of the mean's 95 % interval over the seeds. ${stopAt === null ? '' : `A training ends at accuracy ${stopAt}. `}` +
        'Of keys of training, such as lr, the best is shown.',
    ),
    ...(report.complete ? [] : [text(`This ablation has not finished: ${done} of ${cells.length} trainings have.`)]),
    heading('Verdict'),
    ...gridVerdict(report).map(text),
    heading('Results'),
    table(gridTable(report)),
    ...gridFigures(report).map(figure),
    ...groupTables(report),
    heading('Tasks'),
    {
      kind: 'table',
      rows: [
        ['task', 'settings', 'further tests'],
        ...tasks.map(({ name, given, tests }) => [
          name,
          JSON.stringify(given),
          tests.map((test) => `${test.name}: ${JSON.stringify(test.given)}`).join('; '),
        ]),
      ],
    },
    heading('Variants'),
    {
      kind: 'table',
      rows: [['variant', 'keys'], ...variants.map(({ name, keys }) => [name, shownPoint(keys)])],
    },
    heading('Environment'),
    {
      kind: 'table',
      rows: [
        ...machineRows(machine),
        ['machine', `${fixed(machine.memory / 2 ** 30, 1)} GiB, ${machine.os}`],
        [
          'training',
          `${fixed(sum(cells.map(({ result }) => result?.seconds ?? 0)) / 60, 1)} minutes in all, without compiling`,
        ],
        ['evaluation', `after every ${grouped(evaluateEvery)} steps`],
        ['written', report.written],
      ],
    },
    text('The whole config of the first training:'),
    { kind: 'code', text: JSON.stringify(cells[0].config, null, 2) },
  ]
}

/** The summary as rows of cells, which the command prints too. */
export function gridTable({ summary }: Pick<GridReport, 'summary'>): string[][] {
  const tests = [...new Set(summary.flatMap((row) => Object.keys(row.tests)))]
  const tuned = summary.some((row) => Object.keys(row.tuned).length > 0)
  const published = summary.some((row) => row.published.length > 0)
  const head = ['task', 'variant', 'accuracy', ...tests, ...(published ? ['published'] : []), 'state', 'parameters']
  return [
    [...head, 'steps', ...(tuned ? ['best of'] : [])],
    ...summary.map((row) => [
      row.task,
      rowName(row),
      accuracyCell(row),
      ...tests.map((name) => (row.tests[name] ? fixed(row.tests[name].mean, 3) : '')),
      ...(published
        ? [row.published.map(({ accuracy, source }) => `${fixed(accuracy, 3)} (${source})`).join('; ')]
        : []),
      bytes(row.stateBytes),
      grouped(row.parameters),
      grouped(row.steps),
      ...(tuned ? [shownPoint(row.tuned)] : []),
    ]),
  ]
}

function accuracyCell(row: GridRow): string {
  const diverged = row.diverged === 0 ? [] : [`${plural(row.diverged, 'seed')} diverged`]
  return [...(row.accuracy ? [shownAccuracy(row)] : []), ...diverged].join(', ')
}

/** Accuracy by the groups of a task: distance, length, depth, number of pairs. */
function groupTables({ tasks, summary }: GridReport): DocumentPart[] {
  return tasks.flatMap(({ name }): DocumentPart[] => {
    const rows = summary.filter((row) => row.task === name)
    const groups = [...new Set(rows.flatMap((row) => Object.keys(row.groups)))]
    if (groups.length < 2) return []
    return [
      heading(`${name}: accuracy by ${groups[0].replace(/ [\d%-].*/, '')}`),
      {
        kind: 'table',
        rows: [
          ['variant', ...groups],
          ...rows.map((row) => [
            rowName(row),
            ...groups.map((group) => (group in row.groups ? fixed(row.groups[group], 3) : '')),
          ]),
        ],
      },
    ]
  })
}
