import { dim, pad, reshape, slice, transpose, type Dim, type Tensor, type Value } from '../../tensor/index.js'
import type { Model } from '../dims.js'

/** Tokens in chunks, for what would be too large for all of them at once. */
export interface TokenChunks {
  readonly chunks: Dim<'chunks'>
  /** A chunk's part of each sequence. */
  readonly sequence: Dim<'sequence'>
  /** [batch, sequence, ...rest] -> [chunks, batch, part of the sequence, ...rest]; the last one is padded with `padding`. */
  cut(x: Value, rest: readonly Dim[], padding?: number): Tensor
  /** Back again. */
  join(x: Value, rest: readonly Dim[]): Tensor
}

/**
 * Chunk size such that a device's logits of a chunk stay below `elements`. A chunk takes every n-th position of every
 * sequence, so its tokens are spread over a mesh's devices as all tokens are.
 */
export function chunkTokens({ batch, sequence, vocab, parts }: Model, elements: number): TokenChunks {
  const splits = parts('sequence')
  const limit = Math.max(1, Math.floor((elements / vocab.size) * parts('batch') * splits * parts('vocab')))
  const longest = Math.max(1, Math.floor(sequence.size / splits))
  const count = countOf(longest, Math.min(longest, Math.ceil((batch.size * sequence.size) / limit)))
  const size = Math.ceil(longest / count) * splits
  const chunks = dim('chunks', count)
  const part = dim('sequence', size)
  const all = dim('sequence', size * count)
  const missing = all.size - sequence.size
  return {
    chunks,
    sequence: part,
    cut(x, rest, padding = 0) {
      const padded = pad(transpose(x as Tensor, [batch, sequence, ...rest]), sequence, 0, missing, padding)
      return transpose(reshape(padded, [batch, part, chunks, ...rest]), [chunks, batch, part, ...rest])
    },
    join(x, rest) {
      const turned = transpose(x as Tensor, [batch, part, chunks, ...rest])
      return slice(reshape(turned, [batch, all, ...rest]), all, 0, sequence.size)
    },
  }
}

/** The least number of chunks >= `wanted` that divides the positions evenly, unless it exceeds 2 * wanted. */
function countOf(positions: number, wanted: number): number {
  for (let count = wanted; count <= 2 * wanted; count++) if (positions % count === 0) return count
  return wanted
}
