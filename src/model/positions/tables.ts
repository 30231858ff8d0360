import {
  add,
  broadcast,
  dim,
  dynamicSlice,
  pad,
  reshape,
  slice,
  take,
  type Dim,
  type Tensor,
} from '../../tensor/index.js'
import type { Positions } from '../../attention/index.js'
import type { Model } from '../dims.js'
import { laterPositions } from './later.js'
import { usesRotary } from './rotary.js'
import { normal, type Scope } from '../scope.js'

type Table = Tensor<'embed_sequence' | 'embd'>

/**
 * What is added to the embeddings for their positions, [sequence, embd]: rows 0, 1, ... of a table, or the one at
 * `position`, [batch, sequence 1, embd] where rows differ, or several from there on. Null with rotary positions, which have no table, with ALiBi, and without positions.
 */
export function positions(at: Scope, model: Model, position?: Positions): Tensor<'sequence' | 'embd'> | null {
  const { config, embedSequence, batch, sequence, embd } = model
  if (usesRotary(config) || (config.pos_emb ?? 'learned') !== 'learned') return null
  const table = config.axial_pos_emb ? axialTable(at, model, config.axial_pos_emb) : learnedTable(at, model)
  if (model.packing) return take(table, embedSequence, model.packing.positions) as Tensor
  if (position && position.dims.length > 0)
    return reshape(take(table, embedSequence, position), [batch, sequence, embd] as Dim[]) as Tensor
  if (position && sequence.size > 1) return take(table, embedSequence, laterPositions(model, position))
  const rows = position
    ? dynamicSlice(table, embedSequence, reshape<never>(position, []), sequence.size)
    : slice(table, embedSequence, 0, sequence.size)
  return rows.rename(dim('embed_sequence', sequence.size), sequence)
}

function learnedTable(at: Scope, { embedSequence, embd }: Model): Table {
  return at.param('wpe', [embedSequence, embd], normal(0.01))
}

/**
 * Row i * second + j is the mean of row i of one table and row j of another. Rows that their product lacks are zero.
 * Source: gpt-neo models/layers.py (axial_positional_emb), after Kitaev et al. 2020, "Reformer".
 */
function axialTable(at: Scope, { embedSequence, embd }: Model, [first, second]: readonly [number, number]): Table {
  const [outer, inner] = [dim('axial_dim_0', first), dim('axial_dim_1', second)]
  const [a, b] = [
    at.param('axial_wpe_1', [outer, embd], normal(0.01)),
    at.param('axial_wpe_2', [inner, embd], normal(0.01)),
  ]
  const all = dim('embed_sequence', first * second)
  const table = reshape(broadcastSum(a, b, [outer, inner, embd]).mul(0.5), [all, embd]) as Table
  const missing = embedSequence.size - all.size
  return missing >= 0 ? (pad(table, all, 0, missing) as Table) : (slice(table, all, 0, embedSequence.size) as Table)
}

function broadcastSum(a: Tensor, b: Tensor, dims: Tensor['dims']): Tensor {
  return add(broadcast(a, dims) as Tensor, broadcast(b, dims) as Tensor)
}
