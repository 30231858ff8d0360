import { lineChart, styleOf, type Series } from '../../plot/index.js'
import { fixed, short } from '../../text/index.js'
import type { Figure } from '../plots.js'
import { spreadOf } from '../statistics.js'
import { lossOfLaw } from './law.js'
import type { ScalingReport } from './scaling-report.js'

const LOSS = 'validation loss (nats per token)'
/** Points of a fitted curve. */
const SAMPLES = 40

/** Loss against tokens for each size, and against size for each number of tokens, with the fitted law. */
export function scalingFigures(report: ScalingReport): Figure[] {
  if (report.runs.length === 0) return []
  return [
    figure(report, {
      name: 'loss-against-tokens',
      title: 'Validation loss against tokens, by size',
      x: 'tokens',
      label: 'tokens D',
      of: 'parameters',
    }),
    figure(report, {
      name: 'loss-against-size',
      title: 'Validation loss against size, by tokens',
      x: 'parameters',
      label: 'parameters without embeddings N',
      of: 'tokens',
    }),
  ]
}

interface Wanted {
  readonly name: string
  readonly title: string
  readonly x: 'tokens' | 'parameters'
  readonly label: string
  /** What the series differ in. */
  readonly of: 'tokens' | 'parameters'
}

function figure({ runs, fit }: ScalingReport, { name, title, x, label, of }: Wanted): Figure {
  const distinct = (key: 'tokens' | 'parameters') => [...new Set(runs.map((run) => run[key]))].sort((a, b) => a - b)
  const [values, groups] = [distinct(x), distinct(of)]
  const measured = groups.map((group, i): Series => {
    const points = values.flatMap((value) => {
      const losses = runs.filter((run) => run[x] === value && run[of] === group).map(({ loss }) => loss)
      return losses.length === 0 ? [] : [{ x: value, y: spreadOf(losses).mean }]
    })
    const named = of === 'tokens' ? `${short(group)} tokens` : `N = ${short(group)}`
    return { name: named, style: styleOf(i), points, ...(fit && { only: 'marks' as const }) }
  })
  const curves = groups.flatMap((group, i): Series[] => {
    if (fit === null) return []
    const [low, high] = [values[0], values.at(-1)!]
    const points = Array.from({ length: SAMPLES }, (_, k) => {
      const at = low * (high / low) ** (k / (SAMPLES - 1))
      const [parameters, tokens] = x === 'tokens' ? [group, at] : [at, group]
      return { x: at, y: lossOfLaw(fit.law, parameters, tokens) }
    })
    return [{ name: `law, ${measured[i].name}`, style: styleOf(i), points, only: 'line' }]
  })
  return {
    name,
    title,
    caption: `Marks are means over the seeds${fit ? ', lines the fitted law' : ''}. Both axes are logarithmic.`,
    svg: lineChart({
      title,
      x: { label, kind: 'log', ticks: values, format: short },
      y: { label: LOSS, kind: 'log', format: (value) => fixed(value, 2) },
      series: [...curves, ...measured],
    }),
  }
}
