import type { Found, Plan, SearchResult } from '../plan/index.js'
import { bytes } from './progress.js'
import { table } from './table.js'

/** Choices shown besides those that XLA was asked about. */
const SHOWN = 10

/** What a search has found, for people: the best by estimate, XLA's figures of the best few, and why the first wins. */
export function describeSearch({ own, ranked, tooLarge, compiled }: SearchResult): string {
  if (ranked.length === 0)
    return `none of ${tooLarge} layouts fits, by the estimate: take a larger slice, or a smaller batch\n`
  const [winner] = compiled.length > 0 ? compiled : ranked
  const others = typeof own === 'string' ? [] : [own]
  return [
    `${ranked.length} layouts fit, ${tooLarge} are too large; the fastest by the estimate:\n`,
    choices(ranked.slice(0, SHOWN)),
    compiled.length > 0 ? `\nthe best of them as XLA compiles them:\n${choices(compiled)}` : '',
    typeof own === 'string'
      ? `\nthe config's own layout is not for this slice: ${own}\n`
      : `\nthe config's own layout:\n${choices([own])}`,
    '\n',
    ...[...others, ...ranked.filter(({ choice }) => choice !== winner.choice).slice(0, 1)].map((other) =>
      reason(winner, other, other === own),
    ),
    'the best, as keys of a config:\n',
    ...Object.entries(winner.choice).map(([key, value]) => `  "${key}": ${JSON.stringify(value)}\n`),
  ].join('')
}

function choices(found: readonly Found[]): string {
  return table([
    [
      'mesh',
      'layout',
      'parameter_layout',
      'microbatches',
      'recompute',
      'memory',
      'step',
      'computing',
      'communication',
      'MFU',
    ],
    ...found.map(({ plan }) => [
      plan.mesh,
      plan.layout,
      plan.parameterLayout || '-',
      plan.model.microbatches,
      plan.model.recompute ? 'yes' : 'no',
      bytes(memoryOf(plan)),
      ...(plan.step && plan.fits
        ? [
            seconds(plan.step.seconds),
            seconds(plan.step.compute),
            seconds(plan.step.communication),
            percent(plan.step.utilization),
          ]
        : ['does not fit']),
    ]),
  ])
}

/** Why the first is better than the other, by the same sort of figures of both. */
function reason(winner: Found, other: Found, own: boolean): string {
  const compiled = Boolean(winner.plan.xla && other.plan.xla)
  const [a, b] = [winner.plan, other.plan]
  const name = own
    ? "the config's own layout"
    : `mesh ${b.mesh}, layout ${b.layout}${b.parameterLayout && `, parameter_layout ${b.parameterLayout}`}`
  if (b.fits === false)
    return `It fits, and ${name} does not: ${bytes(memoryOf(a))} against ${bytes(memoryOf(b))} on a device.\n`
  const [sentA, sentB] = [a, b].map((each) => sent(each, compiled))
  const [x, y] = [a.step!, b.step!]
  const parts = [
    Math.abs(x.compute / y.compute - 1) > 0.01
      ? `computes for ${seconds(x.compute)} against ${seconds(y.compute)}${a.model.recompute === b.model.recompute ? '' : a.model.recompute ? ', computing twice what it does not keep' : ', computing nothing twice'}`
      : 'computes as long',
    sentA === sentB ? 'sends as much' : `sends ${bytes(sentA)} from each device against ${bytes(sentB)}`,
    `takes ${bytes(memoryOf(a))} of memory against ${bytes(memoryOf(b))}`,
  ]
  return `Against ${name} it ${parts.join(', ')}: ${seconds(x.seconds)} a step against ${seconds(y.seconds)}${compiled ? ", by XLA's figures" : ''}.\n`
}

function memoryOf({ xla, estimate }: Plan): number {
  return xla?.memory?.total ?? xla?.overfull?.total ?? estimate.memory.total
}

function sent({ xla, estimate }: Plan, compiled: boolean): number {
  const found = (compiled && xla?.collectives) || estimate.communication
  return found.reduce((sum, each) => sum + each.sent, 0)
}

function seconds(amount: number): string {
  return amount >= 1 ? `${amount.toFixed(2)} s` : `${(1000 * amount).toFixed(0)} ms`
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)}%`
}
