import type { Found, Plan, SearchResult } from '../plan/index.js'
import { bytes, milliseconds, percent, textTable } from '../text/index.js'

/** Number of estimated choices shown. */
const SHOWN = 10

/** A search's result as text: the best by estimate, XLA's figures of the best few, and why the first is best. */
export function describeSearch({ own: configured, ranked, tooLarge, compiled, failures }: SearchResult): string {
  if (ranked.length === 0)
    return `none of ${tooLarge} layouts fits, by the estimate. Use more or larger devices, or a smaller batch\n`
  const [winner, next] = compiled.length > 0 ? compiled : ranked
  const compared = [
    { name: 'the best', plan: winner.plan },
    ...(next ? [{ name: 'the next', plan: next.plan }] : []),
    ...(typeof configured === 'string' ? [] : [{ name: "the config's", plan: configured.plan }]),
  ]
  return [
    `${ranked.length} layouts fit, ${tooLarge} are too large; the fastest by the estimate:\n`,
    choices(ranked.slice(0, SHOWN)),
    compiled.length > 0 ? `\nthe best of them, compiled by XLA:\n${choices(compiled)}` : '',
    ...failures.map((failure) => `\n${failure}\n`),
    typeof configured === 'string'
      ? `\nthe config's layout is not for this hardware: ${configured}\n`
      : `\nthe config's layout:\n${choices([configured])}`,
    `\n${figures(compared)}`,
    ...compared.slice(1).map(({ name, plan }) => reason(winner.plan, plan, name)),
    '\nthe best, as keys of a config:\n',
    ...Object.entries(winner.choice).map(([key, value]) => `  "${key}": ${JSON.stringify(value)}\n`),
  ].join('')
}

/** The figures by which layouts are compared. */
function figures(compared: readonly { name: string; plan: Plan }[]): string {
  const row = (what: string, value: (plan: Plan) => string) => [what, ...compared.map(({ plan }) => value(plan))]
  const ofStep = (part: 'seconds' | 'compute' | 'communication') => (plan: Plan) =>
    plan.step && plan.fits ? seconds(plan.step[part]) : '-'
  return textTable([
    ['why', ...compared.map(({ name }) => name)],
    row('computing', ofStep('compute')),
    row('sent by each device', (plan) => bytes(sent(plan))),
    row('communication', ofStep('communication')),
    row('memory of a device', (plan) => bytes(memoryOf(plan))),
    row('a step', ofStep('seconds')),
  ])
}

/** A sentence on why the first is better than the other. */
function reason(best: Plan, other: Plan, name: string): string {
  if (other.fits === false) return `It fits, and ${name} does not.\n`
  const [a, b] = [best.step!, other.step!]
  const faster = b.seconds / a.seconds - 1
  if (faster < 0.005) return `It is as fast as ${name}.\n`
  const [computing, sending] = [b.compute - a.compute, b.communication - a.communication]
  const cause = computing > sending ? 'computes less' : 'sends less, or over more links'
  return `It is ${percent(faster)} faster than ${name}, mainly because it ${cause}.\n`
}

function choices(found: readonly Found[]): string {
  return textTable([
    [
      'mesh',
      'layout',
      'parameter_layout',
      'microbatches',
      'remat_policy',
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
      plan.model.remat,
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

function memoryOf({ xla, estimate }: Plan): number {
  return xla?.memory?.total ?? xla?.outOfMemory?.total ?? estimate.memory.total
}

function sent({ xla, estimate }: Plan): number {
  return (xla?.collectives ?? estimate.communication).reduce((sum, each) => sum + each.sent, 0)
}

function seconds(amount: number): string {
  return milliseconds(amount, 0)
}
