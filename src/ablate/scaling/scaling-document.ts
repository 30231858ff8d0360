import { fixed, grouped, percent, plural, short, signed } from '../../text/index.js'
import { heading, text, title, table, figure, machineRows, type DocumentPart } from '../document-part.js'
import { mean, sum } from '../statistics.js'
import type { Interval, ScalingFit } from './fit-scaling.js'
import { lossOfLaw, optimalExponents } from './law.js'
import { scalingFigures } from './scaling-plots.js'
import type { ScalingReport } from './scaling-report.js'

/** A report for people to read, made from report.json alone. */
export function scalingDocument(report: ScalingReport): DocumentPart[] {
  const { sizes, runs, machine, data, fit } = report
  const lengths = new Set(runs.map(({ tokens }) => tokens)).size
  const seeds = [...new Set(runs.map(({ seed }) => seed))]
  return [
    title(`Scaling law: ${report.name}`),
    text(
      `${plural(sizes.length, 'size')} of a model, each trained on ${plural(lengths, 'number')} of tokens with ` +
        `${plural(seeds.length, 'seed')} (${seeds.join(', ')}): ${plural(runs.length, 'training')}. ` +
        'Each has a learning rate schedule of its own length. N is the number of parameters without embeddings, D of tokens.',
    ),
    heading('Law'),
    ...scalingVerdict(report).map(text),
    ...(fit ? [table(scalingTable(fit))] : []),
    ...scalingFigures(report).map(figure),
    heading('Runs'),
    table(runTable(report)),
    heading('Sizes'),
    {
      kind: 'table',
      rows: [
        ['variant', 'N', 'all parameters', 'keys'],
        ...sizes.map(({ variant, parameters, allParameters, keys }) => [
          variant,
          grouped(parameters),
          grouped(allParameters),
          JSON.stringify(keys),
        ]),
      ],
    },
    heading('Environment'),
    {
      kind: 'table',
      rows: [
        ...machineRows(machine),
        [
          'data',
          `${data.source}: ${grouped(data.trainingSequences)} sequences to train on; losses over ` +
            `${grouped(report.validationTokens)} tokens held out`,
        ],
        ['training', `${grouped(Math.round(sum(runs.map(({ cpuSeconds }) => cpuSeconds))))} s of CPU time`],
        ['written', report.written],
      ],
    },
  ]
}

/** The constants with their intervals, as rows of cells, which the command prints too. */
export function scalingTable({ law, intervals }: ScalingFit): string[][] {
  const row = (name: string, meaning: string, value: number, { low, high }: Interval) => [
    name,
    meaning,
    shown(value),
    `${shown(low)} to ${shown(high)}`,
  ]
  return [
    ['constant', 'meaning', 'fit', '95% interval'],
    row('E', 'loss that nothing lowers', law.E, intervals.E),
    row('A', 'A / N^a', law.A, intervals.A),
    row('a', 'exponent of parameters', law.a, intervals.a),
    row('B', 'B / D^b', law.B, intervals.B),
    row('b', 'exponent of tokens', law.b, intervals.b),
    row('b / (a + b)', 'best N at compute C grows as C to', optimalExponents(law).parameters, intervals.optimal),
  ]
}

/** Three digits; a term that the fit has removed is 0. */
const shown = (value: number) => (value < 1e-3 ? '0' : value < 10 ? fixed(value, 3) : short(value))

/** What the fit says, and what it does not, in sentences. */
export function scalingVerdict({ fit, problem, runs, diverged }: ScalingReport): string[] {
  const lost =
    diverged > 0 ? [`${plural(diverged, 'training')} diverged and ${diverged > 1 ? 'are' : 'is'} left out.`] : []
  if (fit === null) return [`No law was fitted: ${problem}.`, ...lost]
  const { law, intervals, residual, heldOut, resamples, resampledFits } = fit
  const least = Math.min(...runs.map(({ loss }) => loss))
  const floor =
    intervals.E.low < 0.01 * least
      ? ['E is not resolved: the interval reaches 0, so these runs are too far from the loss that nothing lowers.']
      : []
  const wide = (['a', 'b'] as const)
    .filter((key) => intervals[key].high > 2 * intervals[key].low)
    .map((key) => `${key} is known to a factor of ${fixed(intervals[key].high / intervals[key].low, 1)} only.`)
  return [
    `loss = ${shown(law.E)} + ${shown(law.A)} / N^${fixed(law.a, 3)} + ${shown(law.B)} / D^${fixed(law.b, 3)}. ` +
      `The law is ${percent(residual, 2)} from the runs (root mean square). Intervals are from ${grouped(resampledFits)} fits to runs ` +
      `drawn again${resampledFits < resamples ? ` (${grouped(resamples - resampledFits)} other draws determined no law)` : ''}.`,
    ...floor,
    ...wide,
    ...(heldOut === null
      ? []
      : [
          `Fitted without the largest training (N ${short(heldOut.parameters)}, D ${short(heldOut.tokens)}), the law predicts ` +
            `${fixed(heldOut.predicted, 3)} for it; measured ${fixed(heldOut.measured, 3)} ` +
            `(${signed(100 * (heldOut.predicted / heldOut.measured - 1), 2)}%).`,
        ]),
    ...lost,
  ]
}

function runTable({ runs, fit }: ScalingReport): string[][] {
  const groups = new Map<string, ScalingReport['runs'][number][]>()
  for (const run of runs) {
    const key = `${run.parameters} ${run.tokens}`
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [
    ['variant', 'N', 'tokens', 'validation loss', 'law', 'CPU s'],
    ...[...groups.values()].map((group) => {
      const [{ variant, parameters, tokens }] = group
      return [
        variant,
        grouped(parameters),
        grouped(tokens),
        group.map(({ loss }) => fixed(loss, 4)).join(', '),
        fit ? fixed(lossOfLaw(fit.law, parameters, tokens), 4) : '',
        fixed(mean(group.map(({ cpuSeconds }) => cpuSeconds)), 1),
      ]
    }),
  ]
}
