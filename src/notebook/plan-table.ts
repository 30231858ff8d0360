import type { Advice, Collective, Plan } from '../plan/index.js'
import { escapeXml } from '../plot/index.js'
import { bytes, duration } from '../text/format.js'
import { DISPLAY, type Displayable } from './show.js'
import { htmlTable } from './table.js'
import { figureColumns, textTable } from '../text/table.js'

/** Largest buffers shown of a step that does not fit. */
const BUFFERS = 8

/** A section of a plan: a table, with a head or without, or lines of text. */
type Piece =
  | { readonly head?: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] }
  | { readonly lines: readonly string[] }

/** A plan as tables, for `show` or as the value of a cell: memory, arithmetic, what is sent; XLA's figures if it was asked. */
export function planTable(plan: Plan, config = 'the model'): Displayable {
  const pieces = piecesOf(plan, config)
  return { [DISPLAY]: () => ({ 'text/html': htmlOf(pieces), 'text/plain': textOf(pieces) }) }
}

/** The same as text. */
export function describePlan(plan: Plan, config: string): string {
  return textOf(piecesOf(plan, config))
}

function textOf(pieces: readonly (readonly Piece[])[]): string {
  const text = (piece: Piece) =>
    'lines' in piece ? piece.lines.map((line) => `${line}\n`).join('') : textTable(tableOf(piece))
  return pieces.map((together) => together.map(text).join('')).join('\n')
}

function htmlOf(pieces: readonly (readonly Piece[])[]): string {
  const html = (piece: Piece) => {
    if ('lines' in piece) return piece.lines.map((line) => `<div>${escapeXml(line)}</div>`).join('')
    const { head = [], rows } = piece
    return htmlTable(
      head,
      rows.map((row) => row.map((cell) => cell.toLocaleString('en-US'))),
      figureColumns(tableOf(piece)),
    )
  }
  return pieces.map((together) => `<div style="margin-bottom: 1em">${together.map(html).join('')}</div>`).join('')
}

const tableOf = ({ head, rows }: Extract<Piece, { rows: unknown }>) => (head ? [head, ...rows] : rows)

/** What belongs together is close together. */
function piecesOf(plan: Plan, config: string): Piece[][] {
  const groups = [
    [heading(plan, config), { lines: plan.warnings.map((warning) => `note: ${warning}`) }],
    [memory(plan), verdict(plan)],
    plan.xla?.outOfMemory ? [outOfMemory(plan)] : [],
    plan.fits === false ? [advice(plan.advice)] : [],
    arithmetic(plan),
    plan.hardware.devices === 1 ? [] : [collectives(plan)],
    [origin(plan)],
  ]
  const hasContent = (piece: Piece) => ('lines' in piece ? piece.lines : piece.rows).length > 0
  return groups.map((group) => group.filter(hasContent)).filter((group) => group.length > 0)
}

function heading({ hardware, model, mesh, layout, parameterLayout }: Plan, config: string): Piece {
  const { chips, hosts } = hardware
  const made =
    chips === null ? '' : `: ${count(hardware.devices, 'device')} on ${count(chips, 'chip')}, ${count(hosts!, 'host')}`
  const cut = model.microbatches > 1 ? ` in ${model.microbatches} microbatches` : ''
  return {
    lines: [
      `${config} on ${hardware.name}${made}`,
      `${model.parameters.toLocaleString('en-US')} parameters; batch of ${model.batch} x ${model.context.toLocaleString('en-US')} tokens${cut}, ` +
        `${model.precision}, remat_policy ${model.remat}`,
      `mesh ${mesh || 'of one device'}${layout && `, layout ${layout}`}${parameterLayout && `, parameter_layout ${parameterLayout}`}`,
    ],
  }
}

function memory({ estimate, xla }: Plan): Piece {
  const { parameters, optimizer, inputs, activations, gradients, working, total } = estimate.memory
  const exact = xla?.memory ?? null
  const whole = exact?.total ?? xla?.outOfMemory?.total
  const [unit, size] = Math.max(total, whole ?? 0) < 1e9 ? (['MB', 1e6] as const) : (['GB', 1e9] as const)
  const row = (what: string, estimated: number | null, compiled?: number) => [
    what,
    ...[estimated, ...(xla ? [compiled ?? null] : [])].map((amount) =>
      amount === null ? '' : (amount / size).toFixed(2),
    ),
  ]
  return {
    head: [`memory of a device, ${unit}`, 'estimate', ...(xla ? ['XLA'] : [])],
    rows: [
      row('  parameters', parameters),
      row('  optimizer state', optimizer),
      row('  batch', inputs),
      row('arguments', parameters + optimizer + inputs, exact?.arguments),
      row('  activations kept', activations),
      row('  gradients', gradients),
      row('  working space', working),
      row('temporaries', activations + gradients + working, exact?.temporaries),
      ...(exact ? [row('results and code', null, exact.outputs + exact.code)] : []),
      row('all', total, whole),
    ],
  }
}

function verdict({ hardware, xla, fits }: Plan): Piece {
  if (hardware.memory === null) return { lines: [] }
  const word = fits ? 'it fits' : 'it does not fit'
  return {
    lines: [
      `${word}: a device has ${(hardware.memory / 1e9).toFixed(2)} GB for programs${xla ? '' : ', by the estimate'}`,
    ],
  }
}

function outOfMemory({ xla }: Plan): Piece {
  const pieces = new Map<string, { size: number; times: number }>()
  for (const each of xla!.outOfMemory!.buffers) {
    const what = whatOf(each.what)
    pieces.set(what, { size: each.bytes, times: (pieces.get(what)?.times ?? 0) + 1 })
  }
  const rows = [...pieces]
    .slice(0, BUFFERS)
    .map(([what, { size, times }]) => [times > 1 ? `${times} x ${bytes(size)}` : bytes(size), what])
  return { head: ['largest pieces', 'values that share it'], rows }
}

/** The first few different things in a piece of memory. */
function whatOf(what: readonly string[]): string {
  const different = [...new Set(what)].sort((a, b) => b.length - a.length)
  return `${different.slice(0, 2).join('; ')}${different.length > 2 ? `; and ${different.length - 2} more` : ''}`
}

function advice(found: readonly Advice[]): Piece {
  if (found.length === 0)
    return {
      lines: ['what would make it fit: more or larger devices, or a mesh and layout that split more (--search)'],
    }
  const lines = found.map(({ keys, total, fits }) => {
    const all = Object.entries(keys).map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    return `  ${all.join(' and ')}: ${bytes(total)} by the estimate${fits ? '' : ', which is still too much'}`
  })
  return { lines: ['what would make it fit:', ...lines] }
}

function arithmetic({ estimate, xla, step, hardware, model }: Plan): Piece[] {
  const { flops } = estimate
  const device = xla?.flops ?? flops.device
  const share = flops.whole / hardware.devices
  const again =
    flops.whole > 1.005 * flops.model
      ? `, ${percent(flops.whole / flops.model - 1)} more with what is computed again`
      : ''
  const twice = device > 1.02 * share ? `: ${percent(device / share - 1)} more than its share` : ''
  const rows = [
    [
      'flops of a step',
      `${scientific(flops.model)} in the model (3 times forward, ${scientific(model.flopsPerToken)} a token)${again}; ` +
        `${scientific(device)} on each device${xla?.flops ? ' by XLA' : ''}${twice}`,
    ],
  ]
  if (step) {
    const source = step.source === 'xla' ? "cycles that XLA's compiler estimates" : 'a roofline of its operations'
    const split =
      hardware.devices > 1
        ? ` = ${time(step.compute)} of computing + ${time(step.communication)} of communication, were none of it at once`
        : ''
    rows.push(
      ['time of a step', `${time(step.seconds)}${split}`],
      ['', `(estimates: computing by ${source}, communication by bytes over links)`],
      [
        'speed',
        `${Math.round(step.tokensPerSecond).toLocaleString('en-US')} tokens/s, ${percent(step.utilization)} of peak (MFU)`,
      ],
    )
  }
  const notes = (xla?.unknownLoops ?? []).map(
    (loop) => `note: XLA's program has a loop of unknown length, ${loop}, counted once`,
  )
  return [{ rows }, { lines: notes }]
}

function collectives({ estimate, xla }: Plan): Piece {
  const found: readonly Collective[] = xla?.collectives ?? estimate.communication
  if (found.length === 0) return { lines: ['nothing is sent between devices'] }
  const source = xla?.collectives ? '' : ', estimate'
  return {
    head: [`collectives of a step${source}`, 'along', 'devices', 'count', 'arrays', 'sent by each'],
    rows: found.map(({ kind, axes, size, count, bytes: whole, sent }) => [
      kind,
      axes,
      size,
      Math.round(count),
      bytes(whole),
      bytes(sent),
    ]),
  }
}

function origin({ xla, estimateSeconds }: Plan): Piece {
  if (!xla?.compiler) return { lines: [] }
  const memory = xla.hostMemory === null ? '' : ` and ${bytes(xla.hostMemory)} of this machine's memory`
  return {
    lines: [
      `compiled by ${xla.compiler} in ${duration(xla.seconds)} (${duration(xla.cpuSeconds!)} of processor time)${memory}; estimated in ${estimateSeconds.toFixed(1)} s`,
    ],
  }
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
