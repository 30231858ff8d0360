import { dotChart, lineChart, styleOf, type Series } from '../../plot/index.js'
import { fixed, grouped, plural, scientific } from '../../text/index.js'
import { heading, text, title, table, figure, machinesRows, type DocumentPart } from '../document-part.js'
import type { Figure } from '../plots.js'
import { mean, type Spread } from '../statistics.js'
import {
  lowestLoss,
  newRecord,
  reachedAt,
  SIGNIFICANCE,
  timeOf,
  type SpeedrunReport,
  type SpeedrunRow,
} from './speedrun-report.js'

/** A report for people to read, made from report.json alone. */
export function speedrunDocument(report: SpeedrunReport): DocumentPart[] {
  const { target, data, machine, machineClass, recipes, seeds, evaluateEvery, record } = report
  const machines = recipes.flatMap(({ runs }) => runs.map((run) => run.machine))
  return [
    title(`Speedrun: ${report.name}`),
    text(
      `Time to a validation loss of ${target} on ${data.source}, with ${plural(seeds.length, 'seed')} (${seeds.join(', ')}). Times are of ` +
        'the training steps until the first evaluation at the target, without compiling, evaluating and saving; an evaluation ' +
        `is made after every ${grouped(evaluateEvery)} steps. Machine class: ${machineClass}. The record is held by ${record}.`,
    ),
    ...(report.complete ? [] : [text('This speedrun has not finished; these are the results so far.')]),
    heading('Results'),
    table(speedrunTable(report)),
    ...speedrunVerdict(report).map(text),
    ...speedrunFigures(report).map(figure),
    heading('Recipes'),
    {
      kind: 'table',
      rows: [
        ['recipe', 'parameters', 'keys'],
        ...recipes.map(({ name, parameters, keys }) => [name, grouped(parameters), JSON.stringify(keys)]),
      ],
    },
    heading('Runs'),
    table(runTable(report)),
    heading('Environment'),
    {
      kind: 'table',
      rows: [
        ...machinesRows(machine, machines),
        ['machine', `${fixed(machine.memory / 2 ** 30, 1)} GiB, ${machine.os}`],
        ['tokenizer', data.tokenizer === null ? 'unknown' : `sha256 ${data.tokenizer}`],
        ['written', report.written],
      ],
    },
    text(`The whole config of ${recipes[0].name}, with its defaults and the first seed:`),
    { kind: 'code', text: JSON.stringify(recipes[0].config, null, 2) },
  ]
}

/** The summary as rows of cells, which the command prints too. */
export function speedrunTable({ summary, record, recipes }: SpeedrunReport): string[][] {
  const seconds = (spread: Spread | null) => withSpread(spread, (x) => fixed(x, 2))
  return [
    ['recipe', 'reached', 'CPU s', 'wall s', 'tokens', 'parameters', `p of faster than ${record}`],
    ...summary.map((row) => [
      row.recipe,
      `${row.reached} of ${row.runs}`,
      seconds(row.cpuSeconds),
      seconds(row.seconds),
      withSpread(row.tokens, (x) => grouped(Math.round(x))),
      grouped(recipes.find(({ name }) => name === row.recipe)!.parameters),
      row.faster === null ? '' : shownP(row.faster.p),
    ]),
  ]
}

function withSpread(spread: Spread | null, format: (value: number) => string): string {
  if (spread === null) return ''
  return spread.deviation === null ? format(spread.mean) : `${format(spread.mean)} ± ${format(spread.deviation)}`
}

const shownP = (p: number) => (p >= 1e-3 ? fixed(p, 3) : p < 1e-99 ? '< 1e-99' : scientific(p, 0))

/** Who holds the record after these runs, and how sure that is, in sentences. */
export function speedrunVerdict(report: SpeedrunReport): string[] {
  const { summary, record, target, machine, seeds } = report
  const key = timeOf(machine)
  const what = key === 'cpuSeconds' ? 'CPU time' : 'wall time'
  const holder = summary.find(({ recipe }) => recipe === record)
  const lines = summary.filter((row) => row.reached < row.runs).map(missed(target))
  if (holder === undefined || holder[key] === null)
    return [...lines, `${record} has no time to compare with: it must reach the target with every seed.`]
  const taken = newRecord(report)
  const others = summary.filter((row) => row.faster !== null && row !== taken)
  const verdict = taken
    ? `${taken.recipe} takes the record from ${record}: ${fixed(taken[key]!.mean, 2)} s against ${fixed(holder[key].mean, 2)} s of ${what}, ` +
      `${fixed(holder[key].mean / taken[key]!.mean, 2)} times as fast (p = ${shownP(taken.faster!.p)}).`
    : `${record} keeps the record with ${fixed(holder[key].mean, 2)} s of ${what}.`
  return [
    ...lines,
    verdict,
    ...others.map(({ recipe, faster }) =>
      faster!.p < SIGNIFICANCE
        ? `${recipe} is faster than ${record}, too (p = ${shownP(faster!.p)}).`
        : `${recipe} is not faster than ${record} by more than chance (p = ${shownP(faster!.p)}).`,
    ),
    seeds.length < 2
      ? 'With one seed nothing can be tested.'
      : `The test is Welch's t test of ${what}, one-sided; a record must have p < ${SIGNIFICANCE}. ± is one standard deviation over the seeds.`,
  ]
}

const missed =
  (target: number) =>
  ({ recipe, reached, runs, missedAt }: SpeedrunRow): string =>
    `${recipe} missed the target of ${target} with ${runs - reached} of ${plural(runs, 'seed')}` +
    `${missedAt === null ? '' : ` (lowest loss ${fixed(missedAt, 3)})`}: it has no time.`

/** Times by recipe, and loss against time. */
export function speedrunFigures(report: SpeedrunReport): Figure[] {
  const { recipes, target, machine, summary } = report
  const key = timeOf(machine)
  const label = key === 'cpuSeconds' ? 'CPU time of the steps (s)' : 'wall time of the steps (s)'
  const rows = recipes.flatMap(({ name, runs }, index) => {
    const spread = summary.find(({ recipe }) => recipe === name)?.[key]
    if (!spread) return []
    const values = runs.flatMap((run) => {
      const value = reachedAt(run, target)?.[key]
      return value === undefined ? [] : [{ value, tooltip: `${name}, seed ${run.seed}: ${fixed(value, 2)} s` }]
    })
    return [{ name, style: styleOf(index), values, ...spread }]
  })
  const series = recipes.flatMap(({ name, runs }, index): Series[] => {
    const whole = runs.filter(({ diverged }) => diverged === null)
    // Until the first seed has ended, after which means would be of fewer seeds.
    const count = Math.min(...whole.map(({ evaluations }) => evaluations.length))
    if (whole.length === 0 || count < 1) return []
    const points = Array.from({ length: count }, (_, i) => {
      const here = whole.map(({ evaluations }) => evaluations[i])
      return { x: mean(here.map((each) => each[key] ?? each.seconds)), y: mean(here.map(({ loss }) => loss)) }
    })
    return [{ name, style: styleOf(index), points }]
  })
  const title = `Time to a validation loss of ${target}`
  const curves = 'Validation loss against time'
  return [
    ...(rows.length === 0
      ? []
      : [
          {
            name: 'time-to-target',
            title,
            caption:
              'Large marks are means over the seeds, bars one standard deviation to each side, small dots the seeds.',
            svg: dotChart({ title, label, format: (x) => fixed(x, 1), rows }),
          },
        ]),
    ...(series.length === 0
      ? []
      : [
          {
            name: 'loss-against-time',
            title: curves,
            caption: `Means over the seeds, until the first of them is at the target of ${target}.`,
            svg: lineChart({
              title: curves,
              x: { label, kind: 'linear', format: grouped },
              y: { label: 'validation loss (nats per token)', kind: 'linear', format: (x) => fixed(x, 2) },
              series,
            }),
          },
        ]),
  ]
}

function runTable({ recipes, target }: SpeedrunReport): string[][] {
  const rows = recipes.flatMap(({ name, runs }) =>
    runs.map((run) => {
      const at = reachedAt(run, target)
      const lowest = lowestLoss(run)
      return [
        name,
        String(run.seed),
        run.diverged ?? (at ? grouped(at.step) : 'missed'),
        lowest === null ? '' : fixed(lowest, 4),
        at ? fixed(at.seconds, 2) : '',
        at?.cpuSeconds === undefined ? '' : fixed(at.cpuSeconds, 2),
        at?.cpuSeconds === undefined ? '' : fixed(at.cpuSeconds / at.seconds, 2),
      ]
    }),
  )
  return [['recipe', 'seed', 'steps to the target', 'lowest loss', 'wall s', 'CPU s', 'cores busy'], ...rows]
}
