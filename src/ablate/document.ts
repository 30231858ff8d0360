import type { CostPoint } from './context-costs.js'
import { fixed, grouped, plural, short, signed } from '../text/index.js'
import { heading, machinesRows, text, title, figure, table, type DocumentPart } from './document-part.js'
import { figuresOf } from './plots.js'
import { chanceBetween, finalLosses, type AblationReport, type SummaryRow } from './report.js'
import { mean, median, type Spread } from './statistics.js'

/** A report for people to read, made from report.json alone. */
export function documentOf(report: AblationReport): DocumentPart[] {
  const figures = figuresOf(report).map(figure)
  const cost = figures.filter((block) => block.kind === 'figure' && block.figure.name.startsWith('cost'))
  return [
    title(`Ablation: ${report.name}`),
    text(introduction(report)),
    ...(report.complete ? [] : [text('This ablation has not finished; these are the results so far.')]),
    heading('Results'),
    table(summaryTable(report)),
    ...summaryNotes(report).map(text),
    ...figures.filter((block) => !cost.includes(block)),
    ...costSection(report, cost),
    heading('Variants'),
    text('Keys that override the base; everything else is the same in all variants.'),
    { kind: 'table', rows: [['variant', 'keys'], ...report.variants.map(({ name, keys }) => [name, shown(keys)])] },
    heading('Runs'),
    table(runTable(report)),
    heading('Environment'),
    table(environmentTable(report)),
    text(`The whole config of the first variant, ${report.variants[0].name}, with its defaults and the first seed:`),
    { kind: 'code', text: JSON.stringify(report.variants[0].config, null, 2) },
  ]
}

function introduction({ variants, seeds, steps, tokensPerStep }: AblationReport): string {
  return (
    `${plural(variants.length, 'variant')} of a model, each trained with ${plural(seeds.length, 'seed')} ` +
    `(${seeds.join(', ')}) for ${grouped(steps)} steps of ${grouped(tokensPerStep)} tokens, ` +
    `${grouped(steps * tokensPerStep)} in all. For a seed all variants read the same sequences in the same order, and ` +
    'parameters of equal names and shapes start with equal values.'
  )
}

/** The summary as rows of cells, which the command prints too. */
export function summaryTable({ summary, variants, noise }: AblationReport): string[][] {
  const [{ name: first }] = variants
  const head = [
    'variant',
    'parameters',
    'flops/token',
    'step memory',
    'tokens/s',
    'validation loss',
    'bits/byte',
    `loss − ${first}`,
  ]
  return [
    head,
    ...summary.map((row) => [
      row.variant,
      grouped(row.parameters),
      short(row.flopsPerToken),
      row.stepMemory === null ? '' : `${grouped(Math.round(row.stepMemory / 1e6))} MB`,
      withSpread(row.tokensPerSecond, (x) => grouped(Math.round(x))),
      lossCell(row),
      withSpread(row.bitsPerByte, (x) => fixed(x, 3)),
      differenceCell(row, noise !== null),
    ]),
  ]
}

function differenceCell({ difference, halfWidth }: SummaryRow, comparing: boolean): string {
  if (difference === null) return ''
  if (halfWidth === null) return `${signed(difference.mean, 3)}${comparing ? ' (not compared)' : ''}`
  return `${signed(difference.mean, 3)} ± ${fixed(halfWidth, 3)}${isApart(difference.mean, halfWidth) ? '' : ' (chance?)'}`
}

function lossCell({ validationLoss, diverged }: SummaryRow): string {
  const seeds = diverged === 0 ? '' : `${plural(diverged, 'seed')} diverged`
  return [validationLoss && withSpread(validationLoss, (x) => fixed(x, 3)), seeds].filter((part) => part).join(', ')
}

function withSpread(spread: Spread | null, format: (value: number) => string): string {
  if (spread === null) return ''
  return spread.deviation === null ? format(spread.mean) : `${format(spread.mean)} ± ${format(spread.deviation)}`
}

/** How to read the summary. */
export function summaryNotes({ noise, seeds, validationTokens, variants }: AblationReport): string[] {
  const spread =
    seeds.length > 1
      ? 'means over the seeds ± standard deviation; '
      : 'of one seed, so the effect of chance is not known; '
  const lines = [
    `Figures are ${spread}flops are counted, for forward and backward; step memory is what the compiled step needs on ` +
      'the device; tokens/s are of the median step. ' +
      `The validation loss is the mean cross entropy in nats over ${grouped(validationTokens)} tokens held out.`,
  ]
  if (noise === null) {
    const nothing = 'No variants are compared: fewer than two have finished the same two seeds.'
    return seeds.length > 1 && variants.length > 1 ? [...lines, nothing] : lines
  }
  const used = noise.seeds ?? seeds
  return [
    ...lines,
    `After a difference to ${variants[0].name} is half of its 95 % interval: a smaller difference may be chance. It is ` +
      'computed from how much the two variants vary from seed to seed beyond what all do, and from how much variants ' +
      'vary in general, as a few seeds say little about one.',
    ...(used.length < seeds.length
      ? [`Variants are compared over the seeds ${used.join(', ')}, which all of them have finished.`]
      : []),
    verdict({ noise, variants }),
  ]
}

/**
 * Which variant has the lowest loss, which ones may be as good, and which ones are not compared: means are over the seeds
 * that all compared variants have finished, and a variant that lacks one of these is not ranked.
 */
export function verdict({ noise, variants }: Pick<AblationReport, 'noise' | 'variants'>): string {
  if (noise === null) return ''
  const means = new Map(
    variants.map((variant) => {
      const losses = [...finalLosses(variant)].filter(([seed]) => noise.seeds?.includes(seed) ?? true)
      return [variant.name, mean(losses.map(([, loss]) => loss))]
    }),
  )
  const [best, ...others] = noise.variants.toSorted((a, b) => means.get(a)! - means.get(b)!)
  const close = others.filter((name) => !isApart(means.get(name)! - means.get(best)!, chanceBetween(noise, best, name)))
  const apart = others.length - close.length
  const left = variants.map(({ name }) => name).filter((name) => !noise.variants.includes(name))
  const among = left.length > 0 ? `Of the ${noise.variants.length} variants that are compared, ` : ''
  const lowest = `${among}${best} has the lowest loss, `
  const result =
    close.length > 0
      ? `but ${close.join(', ')} may be as good by these seeds.`
      : `below ${apart === 1 ? others[0] : 'all others'} by more than chance.`
  return (
    lowest +
    result +
    (left.length > 0 ? ` Not compared, as they have not finished every seed: ${left.join(', ')}.` : '')
  )
}

/** Whether a difference is larger than chance; not without a limit. */
const isApart = (difference: number, limit: number | null) => limit !== null && Math.abs(difference) > limit

function costSection({ costs, variants, machine }: AblationReport, figures: readonly DocumentPart[]): DocumentPart[] {
  if (costs === null || costs.points.length === 0) return []
  const lengths = [...new Set(costs.points.map(({ length }) => length))].toSorted((a, b) => a - b)
  const from = lengths.includes(1024) ? 1024 : lengths[0]
  const to = lengths.at(-1)!
  const rows = costs.attention.map((kind) => {
    const at = (length: number, what: (point: CostPoint) => number) =>
      costs.points.filter((point) => point.attention === kind && point.length === length).map(what)
    const growth = (what: (point: CostPoint) => number) => {
      const [low, high] = [...at(from, what), ...at(to, what)]
      return high === undefined ? '' : `${fixed(high / low, 2)} x`
    }
    return [
      kind,
      ...lengths.map((length) => at(length, (point) => point.microsecondsPerToken).map((x) => fixed(x, 1))[0] ?? ''),
      growth((point) => point.microsecondsPerToken),
      ...(machine.platform === 'cpu' ? [growth(({ cpuSeconds }) => median(cpuSeconds))] : []),
    ]
  })
  const { local_attention_radius: radius, n_layer, n_embd, n_head, n_vocab } = variants[0].config
  const processor = machine.platform === 'cpu' ? ['in CPU time'] : []
  return [
    heading('Cost against context length'),
    ...figures,
    text(
      `Microseconds per token at each context length, and the growth from ${grouped(from)} to ${grouped(to)}` +
        `${processor.length > 0 ? ' in wall time and in CPU time, which other programs disturb less' : ''}:`,
    ),
    {
      kind: 'table',
      rows: [['attention', ...lengths.map((length) => grouped(length)), 'growth', ...processor], ...rows],
    },
    text(
      `${plural(n_layer, 'layer')} of width ${n_embd} with ${plural(n_head, 'head')}, a vocabulary of ` +
        `${grouped(n_vocab)}, a local radius of ${radius}; medians of ${plural(costs.steps, 'step')}. "none" is what a ` +
        'token costs apart from attention.',
    ),
  ]
}

function runTable({ variants }: AblationReport): string[][] {
  const rows = variants.flatMap(({ name, runs }) =>
    runs.map((run) => [
      name,
      String(run.seed),
      run.diverged ?? fixed(run.evaluations.at(-1)?.loss ?? NaN, 4),
      run.evaluations.at(-1)?.bitsPerByte?.toFixed(4) ?? '',
      fixed(run.seconds, 1),
      fixed(run.cpuSeconds, 1),
      fixed(run.prepareSeconds, 1),
    ]),
  )
  return [['variant', 'seed', 'validation loss', 'bits/byte', 'training s', 'CPU s', 'compiling s'], ...rows]
}

function environmentTable(report: AblationReport): string[][] {
  const { machine, data, variants, costs, written } = report
  const bytes = data.bytesPerToken === null ? '' : `, ${fixed(data.bytesPerToken, 3)} bytes of text per token`
  const machines = [
    ...variants.flatMap(({ runs }) => runs.map((run) => run.machine)),
    ...(costs?.points.map((point) => point.machine) ?? []),
  ]
  return [
    ...machinesRows(machine, machines),
    ['machine', `${fixed(machine.memory / 2 ** 30, 1)} GiB, ${machine.os}`],
    [
      'data',
      `${data.source}: ${grouped(data.trainingSequences)} sequences to train on, ` +
        `${grouped(data.validationSequences)} held out${bytes}`,
    ],
    ['tokenizer', data.tokenizer === null ? 'unknown' : `sha256 ${data.tokenizer}`],
    ['evaluation', `after every ${grouped(report.evaluateEvery)} steps`],
    ['written', written],
  ]
}

function shown(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ')
}
