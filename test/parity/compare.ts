/** How far a replay is from what was recorded, and whether that is near enough. */
import type { Golden } from './golden.js'
import type { Replay } from './replay.js'
import { farthest, relative, relativeNorm, relativeScalar, Worst, type Measure } from './verdict.js'

export async function compare(golden: Golden, replay: Replay): Promise<Measure[]> {
  const { recorded, config, file, floats } = golden
  const loose = config.precision === 'bfloat16'
  const limit = (tolerance: number) => (loose ? Math.max(tolerance, 0.02) : tolerance)
  const worst = new Worst()
  const note = worst.note.bind(worst)

  // Single logits of a bf16 run differ by 2% even between the original's own training and evaluation, and with
  // TensorFlow's graph optimizer off its own gradients differ by 1.9% from the recorded ones: it moves roundings about. (With
  // every rounding kept, the forward pass here is the unoptimized original's to the bit.) There norms count.
  const logitsError = (found: Float32Array | undefined, wanted: Float32Array) =>
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
      // One that is nought but for rounding is measured by what the rounding is of, the whole.
      else note('gradients', key, relativeNorm(replay.gradients.get(name), wanted, 1e-3 * whole), 1e-3)
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
  return worst.measures
}

function normOf(x: Float32Array): number {
  return Math.sqrt(x.reduce((sum, each) => sum + each * each, 0))
}
