/** How far a replay is from what was recorded, and whether that is near enough. */
import type { Golden } from './golden.js'
import type { Replay } from './replay.js'

/** One kind of number: the worst error, where, and the largest that passes. */
export interface Measure {
  readonly what: 'logits' | 'loss' | 'rate' | 'gradients' | 'variables' | 'slots'
  readonly error: number
  readonly tolerance: number
  readonly where: string
}

export async function compare(golden: Golden, replay: Replay): Promise<Measure[]> {
  const { recorded, config, file, floats } = golden
  const loose = config.precision === 'bfloat16'
  const limit = (tolerance: number) => (loose ? Math.max(tolerance, 0.02) : tolerance)
  const worst = new Map<Measure['what'], Measure>()
  const note = (what: Measure['what'], where: string, error: number, tolerance: number) => {
    const before = worst.get(what)
    if (!before || error / tolerance > before.error / before.tolerance || Number.isNaN(error))
      worst.set(what, { what, where, error, tolerance })
  }

  // Single logits of a bf16 run differ by 2% even between the original's own training and evaluation: there their
  // norm counts.
  const logitsError = (found: Float32Array, wanted: Float32Array) =>
    loose ? relativeNorm(found, wanted, 0) : relative(found, wanted)
  if (file.tensors.has('eval/logits'))
    note('logits', 'eval/logits', logitsError(replay.evalLogits, await floats('eval/logits')), limit(1e-4))
  if (file.tensors.has('train/logits') && recorded.num_microbatches === 1)
    note('logits', 'train/logits', logitsError(replay.trainLogits, await floats('train/logits')), limit(1e-4))
  recorded.loss.forEach((wanted, i) => note('loss', `step ${i}`, relativeScalar(replay.losses[i], wanted), limit(1e-4)))
  if (recorded.eval_loss !== undefined)
    note('loss', 'eval', relativeScalar(replay.evalLoss, recorded.eval_loss), limit(1e-4))
  recorded.learning_rate.forEach((wanted, i) =>
    note('rate', `step ${i}`, relativeScalar(replay.rates[i], wanted), 1e-6),
  )
  recorded.grad_norm?.forEach((wanted, i) =>
    note('gradients', `norm at step ${i}`, relativeScalar(replay.norms[i], wanted), limit(1e-3)),
  )

  const whole = recorded.grad_norm?.[0] ?? 0
  let off = 0
  for (const key of file.tensors.keys()) {
    const [kind, ...rest] = key.split('/')
    const name = rest.join('/')
    if (kind === 'grad') {
      const wanted = await floats(key)
      // Rounding alone moves small tensors of a bf16 run by more than 2%: there the gradient is compared as a whole.
      if (loose) off += (relativeNorm(replay.gradients.get(name), wanted, whole) * Math.max(whole, normOf(wanted))) ** 2
      else note('gradients', key, relativeNorm(replay.gradients.get(name), wanted, 1e-6 * whole), 1e-3)
      continue
    }
    const step = Number(/^step(\d+)$/.exec(kind)?.[1])
    if (!step) continue
    const found = replay.after.get(step)?.get(name)
    const wanted = await floats(key)
    if (/\/adam_[mv]$|_slot_v[rc]?$|_slot_m$/.test(name)) note('slots', key, relative(found, wanted), 0.05)
    // The recorded variables are rounded to bf16, whose steps are larger than many a learning rate.
    else if (loose) note('variables', key, relativeNorm(found, wanted, 0), 0.02)
    else note('variables', key, farthest(found, wanted) / config.lr, step === 1 ? 0.1 : 0.5)
  }
  if (loose) note('gradients', 'all together', Math.sqrt(off) / whole, 0.02)
  return [...worst.values()]
}

function normOf(x: Float32Array): number {
  return Math.sqrt(x.reduce((sum, each) => sum + each * each, 0))
}

export const passes = ({ error, tolerance }: Measure) => error <= tolerance

/** `global  logits 1.2e-6 (1e-4) ... pass`. Variables are in units of the learning rate. */
export function describe({ name, mistakes }: Golden, measures: readonly Measure[]): string {
  const parts = measures.map((measure) => {
    const { what, error, tolerance, where } = measure
    return `${what} ${error.toExponential(1)} of ${tolerance}${passes(measure) ? '' : ` at ${where}`}`
  })
  const compat = mistakes.length > 0 ? `  [compat gpt-neo: ${mistakes.join('; ')}]` : ''
  return `${name.padEnd(26)} ${measures.every(passes) ? 'pass' : 'FAIL'}  ${parts.join(', ')}${compat}`
}

/** Largest difference. NaN where NaN was recorded is no difference. */
function farthest(found: Float32Array | undefined, wanted: Float32Array): number {
  if (found?.length !== wanted.length) return Infinity
  return wanted.reduce(
    (worst, x, i) => (Number.isNaN(x) && Number.isNaN(found[i]) ? worst : larger(worst, Math.abs(x - found[i]))),
    0,
  )
}

function larger(a: number, b: number): number {
  return Number.isNaN(b) ? Infinity : Math.max(a, b)
}

/** Largest difference relative to the largest wanted number. */
export function relative(found: Float32Array | undefined, wanted: Float32Array): number {
  return farthest(found, wanted) / (wanted.reduce((most, x) => Math.max(most, Math.abs(x) || 0), 0) || 1)
}

/** Norm of the difference relative to the norm of the wanted numbers, or to `least` if that is larger. */
export function relativeNorm(found: Float32Array | undefined, wanted: Float32Array, least: number): number {
  if (found?.length !== wanted.length) return Infinity
  let off = 0,
    norm = 0
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isNaN(wanted[i]) && Number.isNaN(found[i])) continue
    off += (found[i] - wanted[i]) ** 2
    norm += wanted[i] ** 2
  }
  return off === 0 ? 0 : Number.isNaN(off) ? Infinity : Math.sqrt(off) / Math.max(Math.sqrt(norm), least, 1e-30)
}

function relativeScalar(found: number, wanted: number | null): number {
  if (wanted === null) return Number.isFinite(found) ? Infinity : 0
  return found === wanted
    ? 0
    : Number.isFinite(found)
      ? Math.abs(found - wanted) / (Math.abs(wanted) || 1e-30)
      : Infinity
}
