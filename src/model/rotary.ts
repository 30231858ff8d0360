import type { ModelConfig } from '../config/index.js'
import { cast, concat, cos, dim, dynamicSlice, literal, range, sin, slice, type Tensor } from '../tensor/index.js'
import type { Mixed } from './attention.js'
import type { Model } from './dims.js'

const BASE = 10000

/** GPT-Neo turns it on by the key being there, even with the value false. */
export function usesRotary({ rotary_emb, compat }: ModelConfig): boolean {
  return rotary_emb === true || (rotary_emb === false && compat === 'gpt-neo')
}

/**
 * Turns queries or keys [batch, sequence, heads, features_per_head] by their position p: with features in two halves
 * (x1, x2), to (x1 cos - x2 sin, x2 cos + x1 sin) of the angles p 10000^(-2i/d). In f32. Positions are 0, 1, ..., or
 * `position` (an i32 scalar) for one row.
 * Source: gpt-neo models/layers.py (apply_rotary_emb), after Su et al. 2021, "RoFormer".
 */
export function rotation(model: Model, position?: Tensor<never>): (x: Mixed) => Mixed {
  const { features } = model
  if (features.size % 2 !== 0)
    throw new RangeError(
      `rotary_emb turns pairs of features, and a head has ${features.size} (n_embd / n_head): choose an even width`,
    )
  const half = dim('features_per_head', features.size / 2)
  const at = angles(model, half, position)
  const [cosine, sine] = [cos(at), sin(at)]
  return (x) => {
    const wide = cast(x, 'f32')
    const [first, second] = [slice(wide, features, 0, half.size), slice(wide, features, half.size, half.size)]
    const turned = [first.mul(cosine).sub(second.mul(sine)), second.mul(cosine).add(first.mul(sine))] as Tensor[]
    return cast(concat(turned, 'features_per_head'), x.dtype) as Mixed
  }
}

/** f32 [sequence, half features]. */
function angles(
  model: Model,
  half: Model['features'],
  position?: Tensor<never>,
): Tensor<'sequence' | 'features_per_head'> {
  const { sequence, original, compute } = model
  if (original && compute === 'bf16') return roundedAngles(model, half, position)
  const frequencies = literal(
    [half],
    Array.from({ length: half.size }, (_, i) => BASE ** (-i / half.size)),
  )
  const first = cast(range(sequence), 'f32')
  return (position ? first.add(cast(position, 'f32')) : first).mul(frequencies) as Tensor
}

/**
 * The angles as the original's bf16 arithmetic has them: 10000, exponents, powers, frequencies, positions and
 * products are each rounded, so positions above 256 share angles. Made on the host, where nothing is kept wider.
 */
function roundedAngles(
  { sequence, config }: Model,
  half: Model['features'],
  position?: Tensor<never>,
): Tensor<'sequence' | 'features_per_head'> {
  const frequencies = Array.from({ length: half.size }, (_, i) =>
    roundToBf16(1 / roundToBf16(roundToBf16(BASE) ** roundToBf16(i / half.size))),
  )
  const rows = position ? config.n_ctx : sequence.size
  const table = Array.from({ length: rows }, (_, p) =>
    frequencies.map((frequency) => roundToBf16(roundToBf16(p) * frequency)),
  ).flat()
  if (!position) return literal([sequence, half], table) as Tensor
  const all = dim('sequence', rows)
  return dynamicSlice(literal([all, half], table), all, position, 1) as Tensor
}

/** The nearest bf16, ties to even. */
export function roundToBf16(value: number): number {
  const bits = new DataView(new ArrayBuffer(4))
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  bits.setUint32(0, ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0)
  return bits.getFloat32(0)
}
