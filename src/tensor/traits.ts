import type { Shape } from './primitive.js'

/**
 * What the rest of neomesh asks of a primitive besides its result and gradient. Each primitive states all of them, most by
 * taking a family's (below) and what differs; nothing elsewhere decides by a primitive's name.
 */
export interface Traits<A> {
  /** What kind of operation it is. 'relabel': the operand's elements in the same row-major order. */
  readonly family:
    | 'source'
    | 'elementwise'
    | 'relabel'
    | 'movement'
    | 'reduction'
    | 'contraction'
    | 'indexing'
    | 'ordering'
    | 'control'
  /**
   * What the result costs to compute again. 'free': nothing or little, so a gradient never keeps it. 'costly': its work
   * grows faster than the result, or it reads much to make little, so `keep: 'products'` keeps it.
   */
  readonly recompute: 'free' | 'cheap' | 'costly'
  /**
   * Where the result lies on a mesh. 'follows': as its operands, or as what uses it. 'constrained': by the names of its
   * dims, which constrains the partitioner. 'computes': the same, and it is part of a computation even if its operands are
   * parameters. 'given': for the role that its attribute `role` names.
   */
  readonly placement: 'follows' | 'constrained' | 'computes' | 'given'
  /**
   * Whether compilers fuse it into the operations that use its result, which is then never written to memory. 'once': only
   * into a single one, for it takes too long to compute for each.
   */
  readonly fusable: 'always' | 'once' | 'never'
  /** Whether a dim of the result may have a size that no operand has: a part of a dim, or one made up. */
  readonly resizes: boolean
  /** Whether the results are the operands, one by one. */
  readonly identity: boolean
  /** Whether it updates its first operand where that lies: the result takes over its memory, and nothing of it moves. */
  readonly inPlace: boolean
  /** How a body in `attributes.body` runs: 'inline' once instead of the operation, 'loop' for each element of a dim. */
  readonly body: 'inline' | 'loop' | null
  /** For each operand the axes that are summed; where a mesh splits one, each device has a part of the sum only. */
  readonly sums: ((attributes: A, inputs: readonly Shape[]) => readonly (readonly number[])[]) | null
  /** Floating-point operations worth counting: 2 for each multiplication with its addition. */
  readonly flops: ((attributes: A, inputs: readonly Shape[], output: Shape) => number) | null
}

const PLAIN = { resizes: false, identity: false, inPlace: false, body: null, sums: null, flops: null } as const

/** Made of attributes alone. */
export const SOURCE = {
  ...PLAIN,
  family: 'source',
  recompute: 'free',
  placement: 'follows',
  fusable: 'always',
  resizes: true,
} as const satisfies Traits<unknown>

/** A function of each element, of operands of equal dims. */
export const ELEMENTWISE = {
  ...PLAIN,
  family: 'elementwise',
  recompute: 'cheap',
  placement: 'follows',
  fusable: 'always',
} as const satisfies Traits<unknown>

/** An elementwise function of many instructions: exp, log and their like. */
export const TRANSCENDENTAL = { ...ELEMENTWISE, fusable: 'once' } as const satisfies Traits<unknown>

/** The operand's elements at other indices, repeated or left out, read without a copy. */
export const VIEW = {
  ...PLAIN,
  family: 'movement',
  recompute: 'free',
  placement: 'constrained',
  fusable: 'always',
} as const satisfies Traits<unknown>

/** Elements of operands copied to where they belong in the result. */
export const COPY = {
  ...VIEW,
  recompute: 'cheap',
  fusable: 'never',
  resizes: true,
} as const satisfies Traits<unknown>

/** Many elements become one. */
export const REDUCTION = {
  ...PLAIN,
  family: 'reduction',
  recompute: 'costly',
  placement: 'constrained',
  fusable: 'never',
} as const satisfies Traits<unknown>

/** Elements picked by ids, or added at them. */
export const INDEXING = { ...REDUCTION, family: 'indexing', placement: 'computes' } as const satisfies Traits<unknown>

/** Elements along a dim in its order. */
export const ORDERING = { ...REDUCTION, family: 'ordering' } as const satisfies Traits<unknown>

/** Tensors passed on as they are. */
export const IDENTITY = {
  ...PLAIN,
  family: 'relabel',
  recompute: 'free',
  placement: 'follows',
  fusable: 'never',
  identity: true,
} as const satisfies Traits<unknown>

/** Runs a body. */
export const CONTROL = {
  ...PLAIN,
  family: 'control',
  recompute: 'costly',
  placement: 'follows',
  fusable: 'never',
} as const satisfies Traits<unknown>
