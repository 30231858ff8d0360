import type { Advice, Collective, Plan } from '../plan/index.js'
import { bytes, duration } from './progress.js'
import { table } from './table.js'

/** Largest buffers shown of a step that does not fit. */
const BUFFERS = 8

/** A plan for people. */
export function describePlan(plan: Plan, config: string): string {
  return [
    heading(plan, config),
    ...plan.warnings.map((warning) => `note: ${warning}\n`),
    '\n',
    memory(plan),
    plan.xla?.overfull ? overfull(plan) : '',
    plan.fits === false ? advice(plan.advice) : '',
    '\n',
    arithmetic(plan),
    '\n',
    collectives(plan),
    origin(plan),
  ].join('')
}

function heading({ hardware, model, mesh, layout, parameterLayout }: Plan, config: string): string {
  const { chips, hosts } = hardware
  const made =
    chips === null ? '' : `: ${count(hardware.devices, 'device')} on ${count(chips, 'chip')}, ${count(hosts!, 'host')}`
  const cut = model.microbatches > 1 ? ` in ${model.microbatches} microbatches` : ''
  return (
    `${config} on ${hardware.name}${made}\n` +
    `${model.parameters.toLocaleString('en-US')} parameters; batch of ${model.batch} x ${model.context.toLocaleString('en-US')} tokens${cut}, ` +
    `${model.precision}, remat_policy ${model.remat}\n` +
    `mesh ${mesh || 'of one device'}${layout && `, layout ${layout}`}${parameterLayout && `, parameter_layout ${parameterLayout}`}\n`
  )
}

function memory({ hardware, estimate, xla, fits }: Plan): string {
  const { parameters, optimizer, inputs, activations, gradients, working, total } = estimate.memory
  const exact = xla?.memory ?? null
  const row = (what: string, estimated: number | null, compiled?: number) => [
    what,
    ...[estimated, ...(xla ? [compiled ?? null] : [])].map((amount) =>
      amount === null ? '' : gigabytes(amount).padStart(8),
    ),
  ]
  const rows = table([
    ['memory of a device, GB', 'estimate', ...(xla ? ['     XLA'] : [])],
    row('  parameters', parameters),
    row('  optimizer state', optimizer),
    row('  batch', inputs),
    row('arguments', parameters + optimizer + inputs, exact?.arguments),
    row('  activations kept', activations),
    row('  gradients', gradients),
    row('  working space', working),
    row('temporaries', activations + gradients + working, exact?.temporaries),
    ...(exact ? [row('results and code', null, exact.outputs + exact.code)] : []),
    row('all', total, exact?.total ?? xla?.overfull?.total),
  ])
  if (hardware.memory === null) return rows
  const verdict = fits ? 'it fits' : 'it does not fit'
  return `${rows}${verdict}: a device has ${gigabytes(hardware.memory)} for programs${xla ? '' : ', by the estimate'}\n`
}

function gigabytes(amount: number): string {
  return (amount / 1e9).toFixed(2)
}

function overfull({ xla }: Plan): string {
  const pieces = new Map<string, { size: number; times: number }>()
  for (const each of xla!.overfull!.buffers) {
    const what = whatOf(each.what)
    pieces.set(what, { size: each.bytes, times: (pieces.get(what)?.times ?? 0) + 1 })
  }
  const rows = [...pieces]
    .slice(0, BUFFERS)
    .map(([what, { size, times }]) => [times > 1 ? `${times} x ${bytes(size)}` : bytes(size), what])
  return rows.length === 0 ? '' : `\n${table([['largest pieces', 'what takes its turn there'], ...rows])}`
}

/** The first few different things in a piece of memory. */
function whatOf(what: readonly string[]): string {
  const different = [...new Set(what)].sort((a, b) => b.length - a.length)
  return `${different.slice(0, 2).join('; ')}${different.length > 2 ? `; and ${different.length - 2} more` : ''}`
}

function advice(found: readonly Advice[]): string {
  if (found.length === 0)
    return 'what would make it fit: a larger slice, or a mesh and layout that split more (--search)\n'
  const lines = found.map(({ keys, total, fits }) => {
    const all = Object.entries(keys).map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    return `  ${all.join(' and ')}: ${bytes(total)} by the estimate${fits ? '' : ', which is still too much'}\n`
  })
  return `what would make it fit:\n${lines.join('')}`
}

function arithmetic({ estimate, xla, step, hardware, model }: Plan): string {
  const { flops } = estimate
  const device = xla?.flops ?? flops.device
  const share = flops.whole / hardware.devices
  const again =
    flops.whole > 1.005 * flops.model
      ? `, ${percent(flops.whole / flops.model - 1)} more with what is computed again`
      : ''
  const twice = device > 1.02 * share ? `: ${percent(device / share - 1)} more than its share` : ''
  const lines = [
    `flops of a step  ${scientific(flops.model)} in the model (3 times forward, ${scientific(model.flopsPerToken)} a token)${again}; ` +
      `${scientific(device)} on each device${xla?.flops ? ' by XLA' : ''}${twice}`,
  ]
  if (step) {
    const source = step.source === 'xla' ? "cycles that XLA's compiler estimates" : 'a roofline of its operations'
    const split =
      hardware.devices > 1
        ? ` = ${time(step.compute)} of computing + ${time(step.communication)} of communication, were none of it at once`
        : ''
    lines.push(
      `time of a step   ${time(step.seconds)}${split}`,
      `                 (estimates: computing by ${source}, communication by bytes over links)`,
      `speed            ${Math.round(step.tokensPerSecond).toLocaleString('en-US')} tokens/s, ${percent(step.utilization)} of peak (MFU)`,
    )
  }
  for (const loop of xla?.unknownLoops ?? [])
    lines.push(`note: XLA's program has a loop of unknown length, ${loop}, counted once`)
  return lines.map((line) => `${line}\n`).join('')
}

function collectives({ estimate, xla, hardware }: Plan): string {
  const found: readonly Collective[] = xla?.collectives ?? estimate.communication
  if (hardware.devices === 1) return ''
  if (found.length === 0) return 'nothing is sent between devices\n'
  const source = xla?.collectives ? '' : ', estimate'
  const rows = found.map(({ kind, axes, size, count, bytes: whole, sent }) => [
    kind,
    axes,
    size,
    Math.round(count),
    bytes(whole),
    bytes(sent),
  ])
  return table([[`collectives of a step${source}`, 'along', 'devices', 'count', 'arrays', 'sent by each'], ...rows])
}

function origin({ xla, estimateSeconds }: Plan): string {
  if (!xla?.compiler) return ''
  const memory = xla.hostMemory === null ? '' : ` and ${bytes(xla.hostMemory)} of this machine's memory`
  return `\ncompiled by ${xla.compiler} in ${duration(xla.seconds)} (${duration(xla.cpuSeconds!)} of processor time)${memory}; estimated in ${estimateSeconds.toFixed(1)} s\n`
}

function count(amount: number, what: string): string {
  return `${amount.toLocaleString('en-US')} ${what}${amount === 1 ? '' : 's'}`
}

function scientific(amount: number): string {
  return amount.toExponential(2).replace('e+', 'e')
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)}%`
}

function time(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(1000 * seconds).toFixed(1)} ms`
}
