/** Layouts that the original ran or refused: legal and illegal here as there, and the losses of the legal ones. */
import { placementFor, refusals } from '../../mesh/support.js'
import type { CaseFile, Workshop } from '../case-file.js'
import { firstLosses } from '../training.js'
import { relativeScalar, Worst, type Verdict } from '../verdict.js'

export interface RecordedLayout {
  readonly kind: string
  readonly mesh_shape: string
  readonly layout: string
  readonly config: Record<string, unknown>
  readonly loss?: readonly number[]
  readonly error?: string
  readonly message?: string
}

/** Config of a recorded layout, beside that of all layouts of test/mesh. */
export function keysOf({ kind, mesh_shape, layout, config }: RecordedLayout): Record<string, unknown> {
  const schedule = { lr: 0.005, lr_decay: 'cosine', warmup_steps: 0, train_steps: 20 }
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, gradient_clipping: 1 }
  const shape = { n_layer: 1, attention_types: [[['global'], 1]], ...(kind === 'local512' && { n_ctx: 512 }) }
  const activation = { activation_fn: 'gelu', scale_by_depth: true }
  return { ...shape, ...schedule, ...optimizer, ...activation, ...config, mesh_shape, layout, compat: 'gpt-neo' }
}

/** The original was given fewer devices than the mesh has, which is no property of the layout. */
export const lackedDevices = ({ message = '' }: RecordedLayout) => message.includes('same length as devices')

export async function* layouts({ name, json }: CaseFile, { engine, layers }: Workshop): AsyncGenerator<Verdict> {
  for (const each of json.layouts as RecordedLayout[]) {
    const { kind, mesh_shape, layout, loss, message } = each
    const worst = new Worst()
    const lacked = lackedDevices(each)
    const found = refusals(keysOf(each))
    const legal = loss !== undefined || lacked
    worst.exact(legal ? 'legal' : 'illegal', found.join('; ') || 'it was not refused', (found.length === 0) === legal)
    if (loss && found.length === 0) {
      const { config, placement } = placementFor(keysOf(each))
      const on = await engine(placement.mesh.size)
      const losses = await firstLosses(on.withPlacement(placement), config, layers, {
        steps: loss.length,
        seed: 1000,
      })
      losses.forEach((value, i) => worst.note('loss', `step ${i}`, relativeScalar(value, loss[i]), 1e-4))
    }
    const remark = lacked ? 'the original was given too few devices' : message && `refused: ${found[0]}`
    const title = `${name}: ${kind} on ${mesh_shape || 'one device'} by ${layout || 'no rules'}`
    yield { name: title, measures: worst.measures, ...(remark && { remark }) }
  }
}
