import { dotChart, lineChart, styleOf, type Point, type Series } from '../plot/index.js'
import { fixed, grouped, short } from '../text/index.js'
import { finalLosses, type AblationReport, type VariantResult } from './report.js'
import { mean, spreadOf } from './statistics.js'

/** A figure of a report. */
export interface Figure {
  /** Name of its file without the extension. */
  readonly name: string
  readonly title: string
  /** One or two sentences. */
  readonly caption: string
  readonly svg: string
}

const LOSS = 'validation loss (nats per token)'

/** The figures that a report has data for. */
export function figuresOf(report: AblationReport): Figure[] {
  return [lossByVariant, lossAgainstTokens, lossAgainstTime, costAgainstLength].flatMap((make) => make(report) ?? [])
}

const over = ({ seeds }: AblationReport) => (seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`)

function lossByVariant(report: AblationReport): Figure | null {
  const rows = report.summary.flatMap(({ variant, validationLoss }) => {
    const index = report.variants.findIndex(({ name }) => name === variant)
    const losses = [...finalLosses(report.variants[index])]
    if (validationLoss === null) return []
    const values = losses.map(([seed, value]) => ({ value, tooltip: `${variant}, seed ${seed}: ${fixed(value, 4)}` }))
    return [{ name: variant, style: styleOf(index), values, ...validationLoss }]
  })
  if (rows.length === 0) return null
  const title = `Validation loss after ${short(report.steps * report.tokensPerStep)} tokens`
  return {
    name: 'loss-by-variant',
    title,
    caption: `Large marks are means over ${over(report)}, bars one standard deviation to each side, small dots the seeds.`,
    svg: dotChart({ title, label: LOSS, format: (x) => fixed(x, 3), rows }),
  }
}

/** Means over the seeds at each step after which all of them were evaluated. */
function curves(report: AblationReport, xOf: (evaluations: { tokens: number; seconds: number }[]) => number): Series[] {
  return report.variants.map(({ name, runs }: VariantResult, index) => {
    const whole = runs.filter(({ diverged }) => diverged === null)
    const steps = (whole[0]?.evaluations ?? []).map(({ step }) => step)
    const points = steps.flatMap((step): Point[] => {
      const here = whole.flatMap(({ evaluations }) => evaluations.find((each) => each.step === step) ?? [])
      if (here.length < whole.length) return []
      const { mean, deviation } = spreadOf(here.map(({ loss }) => loss))
      const band = deviation === null ? {} : { low: mean - deviation, high: mean + deviation }
      return [{ x: xOf(here), y: mean, ...band }]
    })
    return { name, style: styleOf(index), points }
  })
}

function lossAgainstTokens(report: AblationReport): Figure | null {
  const series = curves(report, ([{ tokens }]) => tokens)
  if (series.every(({ points }) => points.length === 0)) return null
  const title = 'Validation loss against tokens'
  return {
    name: 'loss-against-tokens',
    title,
    caption: `Means over ${over(report)}; bands are one standard deviation to each side.`,
    svg: lineChart({
      title,
      x: { label: 'tokens trained on', kind: 'linear', format: short },
      y: { label: LOSS, kind: 'linear', format: (x) => fixed(x, 2) },
      series,
    }),
  }
}

function lossAgainstTime(report: AblationReport): Figure | null {
  const series = curves(report, (here) => mean(here.map(({ seconds }) => seconds)))
  if (series.every(({ points }) => points.length === 0)) return null
  const title = 'Validation loss against training time'
  return {
    name: 'loss-against-time',
    title,
    caption:
      `As above, against the mean wall time of the steps, without compiling, evaluating and saving. ` +
      'All variants end after the same number of tokens.',
    svg: lineChart({
      title,
      x: { label: 'training time (s)', kind: 'linear', format: grouped },
      y: { label: LOSS, kind: 'linear', format: (x) => fixed(x, 2) },
      series,
    }),
  }
}

function costAgainstLength({ costs, variants }: AblationReport): Figure | null {
  if (costs === null || costs.points.length === 0) return null
  const { attention, points, tokens } = costs
  const micro = (seconds: number) => (seconds / tokens) * 1e6
  // A kind with a variant's name has that variant's style.
  const others = attention.filter((kind) => variants.every(({ name }) => name !== kind))
  const indexOf = (kind: string) => {
    const same = variants.findIndex(({ name }) => name === kind)
    return same >= 0 ? same : variants.length + others.findIndex((each) => each === kind)
  }
  const series = attention.map((kind): Series => {
    const ofKind = points.filter((point) => point.attention === kind).toSorted((a, b) => a.length - b.length)
    return {
      name: kind,
      style: styleOf(indexOf(kind)),
      points: ofKind.map(({ length, seconds, microsecondsPerToken }) => ({
        x: length,
        y: microsecondsPerToken,
        low: micro(Math.min(...seconds)),
        high: micro(Math.max(...seconds)),
      })),
    }
  })
  const title = 'Time per token against context length'
  const lengths = [...new Set(points.map(({ length }) => length))].toSorted((a, b) => a - b)
  return {
    name: 'cost-against-length',
    title,
    caption:
      `A training step of ${grouped(tokens)} tokens at each length, with one kind of attention in all layers: medians ` +
      'of the timed steps; bands from the fastest to the slowest. Both axes are logarithmic.',
    svg: lineChart({
      title,
      x: { label: 'context length (tokens)', kind: 'log', ticks: lengths, format: grouped },
      y: { label: 'time per token (µs)', kind: 'log', format: grouped },
      series,
    }),
  }
}
