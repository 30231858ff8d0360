import type { DType } from '../../tensor/dtype.js'
import type { Numbers } from './arrays.js'
import type { Loop, Member, Operand } from './elementwise.js'
import { isScalar, type Layout } from './layout.js'

/** V8 optimises longer loops badly. */
const MOST_MEMBERS = 200

/** What a value's elements lie in: a slot's array, numbers known beforehand, or the result of a loop that is still open. */
export interface Base {
  readonly sizes: readonly number[]
  readonly dtype: DType
  slot: number
  readonly known?: Numbers
  group?: FusedLoop
  readonly member?: number
}

/** A value: elements of a base through a layout. */
export interface Ref {
  readonly base: Base
  readonly layout: Layout
}

/** Elementwise operations of equal sizes that will run as one loop. */
export class FusedLoop {
  readonly inputs: Ref[] = []
  readonly members: Member[] = []
  readonly bases: Base[] = []
  /** Of each member the operation's index in the program. */
  readonly ops: number[] = []

  constructor(readonly sizes: readonly number[]) {}

  get full(): boolean {
    return this.members.length >= MOST_MEMBERS
  }

  add(op: number, code: Pick<Member, 'op' | 'write' | 'vector'>, operands: readonly Ref[], dtype: DType): Base {
    this.members.push({ ...code, operands: operands.map((ref) => this.operand(ref)), dtype })
    this.ops.push(op)
    const base = { sizes: this.sizes, dtype, slot: -1, group: this, member: this.bases.length }
    this.bases.push(base)
    return base
  }

  /** The loop, with the results of these members. */
  with(results: readonly number[]): Loop {
    const inputs = this.inputs.map(({ base: { known, dtype }, layout }) => ({
      layout,
      dtype,
      ...(known && isScalar(layout) && { constant: known[layout.offset] }),
    }))
    return { sizes: this.sizes, inputs, members: this.members, results }
  }

  /** How many arrays the loop would read with these operands. */
  readsWith(operands: readonly Ref[]): number {
    const isRead = ({ base, layout }: Ref) => base.group !== this && !(base.known && isScalar(layout))
    return this.inputs.filter(isRead).length + operands.filter(isRead).length
  }

  private operand(ref: Ref): Operand {
    if (ref.base.group === this) return { member: ref.base.member! }
    const same = ({ base, layout }: Ref) => base === ref.base && sameLayout(layout, ref.layout)
    const found = this.inputs.findIndex(same)
    return { input: found < 0 ? this.inputs.push(ref) - 1 : found }
  }
}

function sameLayout(a: Layout, b: Layout): boolean {
  return a === b || (a.offset === b.offset && a.strides.every((stride, i) => stride === b.strides[i]))
}
