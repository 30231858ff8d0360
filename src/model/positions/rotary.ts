import type { ModelConfig } from '../../config/index.js'
import { cast, concat, cos, dim, literal, range, sin, slice, take, type Tensor } from '../../tensor/index.js'
import type { AttentionOutput, Positions } from '../../attention/index.js'
import { roundToBf16 } from '../../engine/half.js'
import type { Model } from '../dims.js'
import { laterPositions } from './later.js'

/** GPT-Neo turns it on by the key being there, even with the value false. */
export function usesRotary({ rotary_emb, compat }: ModelConfig): boolean {
  return rotary_emb === true || (rotary_emb === false && compat === 'gpt-neo')
}

/**
 * Turns queries or keys [batch, sequence, heads, features_per_head] by their position p: with features in two halves
 * (x1, x2), to (x1 cos - x2 sin, x2 cos + x1 sin) of the angles p rope_theta^(-2i/d). In f32. Of the features the first
 * `rotary_pct` are turned. Positions are 0, 1, ..., or `position` for one token per row.
 * Source: gpt-neo models/layers.py (apply_rotary_emb), after Su et al. 2021, "RoFormer".
 */
export function rotation(
  model: Model,
  position?: Positions,
  part: number = model.config.rotary_pct ?? 1,
): (x: AttentionOutput) => AttentionOutput {
  const { features } = model
  const turned = Math.floor(features.size * part)
  if (turned % 2 !== 0)
    throw new RangeError(
      `rotary_emb turns pairs of features, and a head has ${turned} (n_embd / n_head): choose an even width`,
    )
  const half = dim('features_per_head', turned / 2)
  if (model.original && model.compute === 'bf16' && model.packing)
    throw new RangeError('compat must be "fixed" where rows hold several documents (got "gpt-neo" in bfloat16)')
  if (model.original && model.compute === 'bf16') return roundedRotation(model, half, position)
  const at = angles(model, half, position)
  const [cosine, sine] = [cos(at), sin(at)]
  return (x) => {
    return cast(turn(cast(x, 'f32'), cosine, sine, features), x.dtype)
  }
}

/** The pairs of features turned by their angles; features beyond those that have one stay. */
function turn(x: AttentionOutput, cosine: Tensor, sine: Tensor, features: Model['features']): AttentionOutput {
  const half = cosine.dims.find(({ name }) => name === features.name)!.size
  const [first, second] = [slice(x, features, 0, half), slice(x, features, half, half)]
  const turned = [first.mul(cosine).sub(second.mul(sine)), second.mul(cosine).add(first.mul(sine))] as Tensor[]
  const rest = features.size - 2 * half
  return concat(rest === 0 ? turned : [...turned, slice(x, features, 2 * half, rest)], 'features_per_head')
}

/** f32 [sequence, half features], and of each row where positions differ by row. */
function angles(model: Model, half: Model['features'], position?: Positions): Tensor<'sequence' | 'features_per_head'> {
  const { sequence } = model
  const base = model.config.rope_theta ?? 10_000
  const frequencies = literal(
    [half],
    Array.from({ length: half.size }, (_, i) => base ** (-i / half.size)),
  )
  const first = model.packing ? cast(model.packing.positions, 'f32') : cast(range(sequence), 'f32')
  return (position ? first.add(cast(position, 'f32')) : first).mul(frequencies) as Tensor
}

/**
 * The rotation as the original's bf16 arithmetic has it: rope_theta, its logarithm, exponents, powers, frequencies, positions,
 * angles (so positions above 256 share some), cosines, sines, both products and their sum are each rounded to bf16.
 * The tables are computed on the host, where no compiler keeps a wider intermediate.
 */
function roundedRotation(
  model: Model,
  half: Model['features'],
  position?: Positions,
): (x: AttentionOutput) => AttentionOutput {
  const { features, sequence, config } = model
  // Mesh TensorFlow's pow(x, y) is exp(log x * y).
  const logBase = roundToBf16(Math.log(roundToBf16(config.rope_theta ?? 10_000)))
  const frequencies = Array.from({ length: half.size }, (_, i) => {
    const power = roundToBf16(Math.exp(roundToBf16(logBase * roundToBf16(i / half.size))))
    return roundToBf16(1 / power)
  })
  const rows = position ? dim('sequence', config.n_ctx) : sequence
  const table = (of: (angle: number) => number): Tensor => {
    const values = Array.from({ length: rows.size }, (_, p) =>
      frequencies.map((frequency) => roundToBf16(of(roundToBf16(roundToBf16(p) * frequency)))),
    ).flat()
    const all = cast(literal([rows, half], values), 'bf16')
    if (!position) return all
    return sequence.size > 1 ? take(all, rows, laterPositions(model, position)) : take(all, rows, position)
  }
  const [cosine, sine] = [table(Math.cos), table(Math.sin)]
  return (x) => turn(x, cosine, sine, features)
}
