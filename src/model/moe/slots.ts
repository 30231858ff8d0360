import { cast, cumsum, oneHot, type Dim, type Tensor } from '../../tensor/index.js'
import type { PerExpert, Routing } from './gating.js'

type Assigned = Tensor<'batch' | 'group' | 'expert_unsplit' | 'expert_capacity'>

/**
 * Assigns tokens to slots of experts, `capacity` of each expert in a group: first choices first, and earlier tokens
 * before later ones. Tokens beyond the capacity are dropped. `combine` has each token's gate at its slots, `dispatch` 1
 * where that is not 0.
 * Source: Mesh TensorFlow 0.1.18 transformer/moe.py.
 */
export function assignSlots(
  { choices, untilAssigned }: Routing,
  group: Dim<'group'>,
  experts: Dim<'expert_unsplit'>,
  capacity: Dim<'expert_capacity'>,
): { combine: Assigned; dispatch: Assigned } {
  let taken: Tensor<'batch' | 'expert_unsplit'> | null = null
  let unassigned: Tensor<'batch' | 'group'> | null = null
  const parts = choices.map(({ mask, gate }): Assigned => {
    const wanting: PerExpert = untilAssigned && unassigned ? mask.mul(unassigned) : mask
    const before = cumsum(wanting, group, { exclusive: true })
    const slot = (taken ? before.add(taken) : before).mul(wanting) as PerExpert
    const given = wanting.mul(cast(slot.less(capacity.size), 'f32')) as PerExpert
    const count = given.sum(group)
    taken = taken ? taken.add(count) : count
    const found = given.sum(experts)
    unassigned = unassigned ? unassigned.sub(found) : found.neg().add(1)
    const where = oneHot(cast(slot.sum(experts), 'i32'), capacity)
    return given.mul(gate).mul(where) as Assigned
  })
  const combine = parts.reduce((sum, part) => sum.add(part))
  return { combine, dispatch: cast(combine.notEqual(0), 'f32') }
}
