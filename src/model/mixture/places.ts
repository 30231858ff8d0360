import { cast, cumsum, oneHot, type Dim, type Tensor } from '../../tensor/index.js'
import type { PerExpert, Routing } from './gating.js'

type Placed = Tensor<'batch' | 'group' | 'expert_unsplit' | 'expert_capacity'>

/**
 * Gives tokens places in experts, `capacity` of each expert in a group: first choices first, and earlier tokens
 * before later ones. What finds no place is dropped. `combine` has each token's gate at its places, `dispatch` 1
 * where that is not 0.
 * Source: Mesh TensorFlow 0.1.18 transformer/moe.py.
 */
export function assignPlaces(
  { choices, untilPlaced }: Routing,
  group: Dim<'group'>,
  experts: Dim<'expert_unsplit'>,
  capacity: Dim<'expert_capacity'>,
): { combine: Placed; dispatch: Placed } {
  let taken: Tensor<'batch' | 'expert_unsplit'> | null = null
  let unplaced: Tensor<'batch' | 'group'> | null = null
  const parts = choices.map(({ mask, gate }): Placed => {
    const wanting: PerExpert = untilPlaced && unplaced ? mask.mul(unplaced) : mask
    const before = cumsum(wanting, group, { exclusive: true })
    const place = (taken ? before.add(taken) : before).mul(wanting) as PerExpert
    const given = wanting.mul(cast(place.less(capacity.size), 'f32')) as PerExpert
    const count = given.sum(group)
    taken = taken ? taken.add(count) : count
    const found = given.sum(experts)
    unplaced = unplaced ? unplaced.sub(found) : found.neg().add(1)
    const where = oneHot(cast(place.sum(experts), 'i32'), capacity)
    return given.mul(gate).mul(where) as Placed
  })
  const combine = parts.reduce((sum, part) => sum.add(part))
  return { combine, dispatch: cast(combine.notEqual(0), 'f32') }
}
