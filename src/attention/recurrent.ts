import {
  dim,
  mapTensors,
  pad,
  range,
  remat,
  reshape,
  scan,
  slice,
  transpose,
  where,
  zeros,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type {
  AttentionConfig,
  AttentionCosts,
  AttentionKind,
  AttentionShape,
  Cache,
  Positions,
  Projections,
} from './contract.js'
import { chunkedRecurrence, type Recurrence } from './kernels/chunked-recurrence.js'
import { padTo } from './kernels/tiles.js'
import { silu } from './norms-and-gates.js'
import { emptyTail, shortConvolution, sizeOfTail, tailOf, type Past } from './short-convolution.js'
import type { StateDims } from './state-size.js'

/** Positions of a block in training. */
const BLOCK = 256

/** What a recurrence has read of its states, [batch, sequence, heads, values]. */
export type RecurrentOutput = Tensor<'batch' | 'sequence' | 'heads' | 'value_features'>

/** A kind that is a recurrence over a state [keys, values] of each head, but for how it is trained and decoded. */
export interface RecurrentMembers<P extends Projections> extends Pick<
  AttentionKind<P, RecurrentOutput>,
  'keys' | 'output' | 'hints'
> {
  project: NonNullable<AttentionKind<P, RecurrentOutput>['project']>
  /** Features of a head's keys and values, which are the dims `key_features` and `value_features`. */
  state(config: AttentionConfig): StateDims
  /** Projections of which a position needs earlier ones, and how many. */
  tails?(projected: P): { readonly [name: string]: number }
  /** The projections with what each position needs of the earlier ones. `past` has that of each of `tails`. */
  mix?(projected: P, past: (name: string) => Past, shape: AttentionShape): P
  /** Whether `mix` has products, so that in training it is done once, for all positions, and what it makes is kept. */
  keepMixed?: boolean
  recurrence(projected: P, shape: AttentionShape): Recurrence
  /** What the layer does with what was read of the states: norms and gates. */
  finish(read: RecurrentOutput, projected: P, shape: AttentionShape): Tensor
  costs(config: AttentionConfig): AttentionCosts
}

/**
 * The kind: at once, for prompts and token by token one computation, in chunks, that begins with another state. Its cache is
 * the state, f32, and the tails. Rows of several documents begin anew with each.
 */
export function recurrentKind<P extends Projections>(
  name: string,
  members: RecurrentMembers<P>,
): AttentionKind<P, RecurrentOutput> {
  const { keys, project, output, hints, costs } = members
  const from = (projected: P, shape: AttentionShape, from: From = {}) => {
    causalAndWhole(name, shape)
    return run(members, projected, shape, from)
  }
  return {
    keys,
    causalOnly: true,
    attendsWithinDocuments: true,
    project,
    output,
    ...(hints && { hints }),
    costs,
    attend(projected, shape) {
      causalAndWhole(name, shape)
      return members.keepMixed
        ? inBlocks({ ...members, mix: undefined, tails: undefined }, mixed(members, projected, shape, {}), shape)
        : inBlocks(members, projected, shape)
    },
    prefill: (projected, lengths, _, shape) => from(projected, shape, { lengths }).cache,
    decode: (projected, cache, _, shape) => from(projected, shape, { cache }),
    extend: (projected, cache, _, length, shape) =>
      from(projected, shape, { cache, lengths: reshape<'batch'>(length, []) }),
  }
}

/** What is known of the positions before. */
interface From {
  readonly cache?: Cache
  /** How many of the positions are no padding, for the cache after them. */
  readonly lengths?: Positions
  /** Documents of as many positions before, [batch, sequence]. @default of other documents */
  readonly documentsBefore?: Tensor
}

/** What of a recurrent kind a run of positions needs. */
type Run<P extends Projections> = Pick<RecurrentMembers<P>, 'state' | 'tails' | 'mix' | 'recurrence' | 'finish'>

function run<P extends Projections>(members: Run<P>, projected: P, shape: AttentionShape, from: From) {
  const { cache, lengths, documentsBefore } = from
  const { batch, sequence, heads } = shape
  const { keys, values } = members.state(shape.config)
  const all = mixed(members, projected, shape, from)
  const recurrence = members.recurrence(all, shape)
  const { output, state } = chunkedRecurrence(
    {
      ...(lengths ? withoutPadding(recurrence, sequence, lengths) : recurrence),
      documents: shape.packing?.documents,
      documentBefore:
        documentsBefore && slice(documentsBefore, sequence, sequence.size - 1, 1).sum(dim(sequence.name, 1)),
    },
    cache?.state ?? zeros([batch, heads, keys, values]),
    { batchDims: [batch, heads], positions: sequence, keys, values },
  )
  const read: RecurrentOutput = transpose(output, [batch, sequence, heads, values])
  const tails = Object.entries(members.tails?.(projected) ?? {}).map(([name, size]): [string, Tensor] => [
    tailName(name),
    tailOf(projected[name]!, sequence, size, cache?.[tailName(name)], lengths),
  ])
  const finished: RecurrentOutput = members.finish(read, all, shape).cast(shape.compute)
  const kept: Cache = { state, ...Object.fromEntries(tails) }
  return { output: finished, cache: kept }
}

function mixed<P extends Projections>(
  { mix }: Pick<RecurrentMembers<P>, 'mix'>,
  projected: P,
  shape: AttentionShape,
  { cache, documentsBefore }: From,
): P {
  if (!mix) return projected
  const past = (name: string): Past => {
    const tail = cache?.[tailName(name)]
    const tailDocuments = tail && documentsBefore && tailOf(documentsBefore, shape.sequence, sizeOfTail(tail))
    return { tail, documents: shape.packing?.documents, tailDocuments }
  }
  return mix(projected, past, shape)
}

/**
 * All positions in training, block after block: what is made of a block stays in a processor's caches, its memory is used
 * again by the next, and the gradient keeps nothing of it but the state before.
 */
function inBlocks<P extends Projections>(members: Run<P>, projected: P, shape: AttentionShape): RecurrentOutput {
  const { batch, sequence, memory, heads, packing, config } = shape
  const size = Math.min(BLOCK, sequence.size)
  const [blocks, block] = [dim('blocks', Math.ceil(sequence.size / size)), dim(sequence.name, size)]
  const given = Object.entries(projected).flatMap(([name, x]) => (x ? [[name, x] as const] : []))
  if (blocks.size === 1) {
    const whole = (given: { readonly [name: string]: Tensor }) =>
      run(members, { ...projected, ...given }, shape, {}).output
    return remat(whole, 'nothing')(Object.fromEntries(given))
  }
  const { keys, values } = members.state(config)
  const tails = Object.entries(members.tails?.(projected) ?? {}).map(([name, size]): [string, Tensor] => [
    tailName(name),
    emptyTail(projected[name]!, sequence, size),
  ])
  const first: Cache = { state: zeros([batch, heads, keys, values]), ...Object.fromEntries(tails) }
  const split = (x: Tensor) => blocksOf(x, sequence, blocks, block)
  const along = given.filter(([, x]) => x.dims.some(({ name }) => name === sequence.name))
  const [, outputs]: [Cache, Tensor] = scan(
    blocks,
    first,
    {
      projected: Object.fromEntries(along.map(([name, x]) => [name, split(x)])),
      ...(packing && {
        packing: mapTensors(packing, split),
        documentsBefore: blockBefore(split(packing.documents), blocks),
      }),
    },
    (cache, { projected: part, packing, documentsBefore }) => {
      const here = { ...shape, sequence: block, memory: dim(memory.name, size), packing }
      const next = run(members, { ...projected, ...part }, here, { cache, documentsBefore })
      return [next.cache, next.output] as const
    },
    { keep: 'nothing' },
  )
  const all = dim(sequence.name, blocks.size * size)
  const joined = reshape(transpose(outputs, [batch, blocks, block, ...outputs.dims.slice(3)]), [
    batch,
    all,
    ...outputs.dims.slice(3),
  ])
  return slice(joined, all, 0, sequence.size)
}

/** [blocks, ..., block, ...] of [..., sequence, ...], with zeros after the last position, which no other sees. */
function blocksOf(x: Tensor, sequence: Dim, blocks: Dim, block: Dim): Tensor {
  const split: Tensor = reshape(
    padTo(x, sequence, blocks.size * block.size),
    x.dims.flatMap((each) => (each.name === sequence.name ? [blocks, block] : [each])),
  )
  return transpose(split, [blocks, ...split.dims.filter(({ name }) => name !== blocks.name)])
}

/** Of each block the documents of the block before, [blocks, ...]; before the first none that there is. */
function blockBefore(documents: Tensor, blocks: Dim): Tensor {
  return slice(pad(documents, blocks, 1, 0, -1), dim(blocks.name, blocks.size + 1), 0, blocks.size)
}

const tailName = (name: string) => `${name}_tail`

/** A short convolution and SiLU over each of these projections that has a weight `NAME_conv`, and perhaps `NAME_conv_bias`. */
export function convolved<P extends Projections>(names: readonly string[]) {
  const has = (projected: P) => names.filter((name) => projected[`${name}_conv`])
  const widthOf = (weight: Tensor) => weight.dims.find(({ name }) => name === 'short_conv_width')!.size
  return {
    tails: (projected: P) =>
      Object.fromEntries(has(projected).map((name) => [name, widthOf(projected[`${name}_conv`]!) - 1])),
    mix(projected: P, past: (name: string) => Past, { sequence }: AttentionShape): P {
      const through = names.map((name): [string, Tensor] => {
        const weight = projected[`${name}_conv`]
        const y = weight ? shortConvolution(projected[name]!, weight, sequence, past(name)) : projected[name]!
        const bias = projected[`${name}_conv_bias`]
        return [name, silu(bias ? y.add(bias) : y)]
      })
      const mixed: { [name: string]: Tensor } = Object.fromEntries(through)
      return { ...projected, ...mixed }
    },
  }
}

/** Padding changes no state: it neither writes nor fades. */
function withoutPadding({ q, k, v, decay, erase }: Recurrence, sequence: Dim, lengths: Positions): Recurrence {
  const valid = range(sequence).less(lengths)
  const kept = (x: Tensor): Tensor => where(valid, x, 0)
  return {
    q,
    k: kept(k),
    v,
    ...(decay && { decay: kept(decay) }),
    ...(erase && { erase: { read: kept(erase.read), ...(erase.write && { write: kept(erase.write) }) } }),
  }
}

/** Throws RangeError where the kind would have to see later positions, or those of other devices. */
export function causalAndWhole(name: string, shape: AttentionShape): void {
  if (!shape.causal)
    throw new RangeError(
      `attention_types: ${name} sees earlier positions only, and mlm_training needs both sides. Use global, local or linear.`,
    )
  wholeSequence(`${name} attention`, shape, 'batch or heads')
}

/** Throws RangeError where a mesh splits the sequence; `others` are the dims that it may split. */
export function wholeSequence(
  what: string,
  { sequence, parts }: Pick<AttentionShape, 'sequence' | 'parts'>,
  others: string,
): void {
  const count = parts(sequence.name)
  if (count > 1)
    throw new RangeError(
      `layout: ${what} needs a whole sequence on each device (got ${count} parts). Split ${others} instead.`,
    )
}
