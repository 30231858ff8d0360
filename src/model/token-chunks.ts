import { dim, pad, reshape, slice, transpose, type Dim, type Tensor, type Value } from '../tensor/index.js'
import type { Model } from './dims.js'

/** Tokens in chunks, for what would be too large for all of them at once. */
export interface TokenChunks {
  readonly chunks: Dim<'chunks'>
  /** A chunk's part of each sequence. */
  readonly sequence: Dim<'sequence'>
  /** [batch, sequence, ...rest] -> [chunks, batch, part of the sequence, ...rest]; `filler` fills the last one up. */
  cut(x: Value, rest: readonly Dim[], filler?: number): Tensor
  /** Back again. */
  join(x: Value, rest: readonly Dim[]): Tensor
}

/**
 * Chunks of about as many tokens as have `elements` numbers for each entry of the vocabulary, on each device. A chunk takes
 * every so-manieth position of every sequence: its tokens are spread over a mesh's devices as all tokens are.
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
  const filled = all.size - sequence.size
  return {
    chunks,
    sequence: part,
    cut(x, rest, filler = 0) {
      const whole = pad(transpose(x as Tensor, [batch, sequence, ...rest]), sequence, 0, filled, filler)
      return transpose(reshape(whole, [batch, part, chunks, ...rest]), [chunks, batch, part, ...rest])
    },
    join(x, rest) {
      const turned = transpose(x as Tensor, [batch, part, chunks, ...rest])
      return slice(reshape(turned, [batch, all, ...rest]), all, 0, sequence.size)
    },
  }
}

/** The least number of chunks from `wanted` on that cuts the positions evenly, unless that is far more. */
function countOf(positions: number, wanted: number): number {
  for (let count = wanted; count <= 2 * wanted; count++) if (positions % count === 0) return count
  return wanted
}
