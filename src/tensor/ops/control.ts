import { sameDims, type Dim } from '../dim.js'
import { OpError } from '../errors.js'
import { primitive } from '../primitive.js'
import { callGradient, scanGradient } from '../residuals.js'
import type { Program } from '../program.js'
import type { Tensor } from '../tensor.js'
import { CONTROL } from '../traits.js'

/** Which intermediate values of a body its gradient keeps; the others are computed again. See residuals.ts. */
export type Keep = 'all' | 'products' | 'nothing'

export interface ScanAttributes {
  /** Inputs: constants, carry, slices. Outputs: carry, then one slice for each stacked result. */
  readonly body: Program
  readonly along: Dim
  readonly constants: number
  readonly carry: number
  readonly reverse: boolean
  readonly keep: Keep
}

/** Runs a body for each element of a dim: inputs are constants, first carry, and stacked xs with that dim first. */
export const scanOp = primitive('scan', {
  result(inputs, { body, along, constants, carry }: ScanAttributes) {
    body.inputs.forEach((x, i) => {
      const wanted = i < constants + carry ? x.dims : [along, ...x.dims]
      if (!inputs[i] || !sameDims(inputs[i].dims, wanted) || inputs[i].dtype !== x.dtype)
        throw new OpError('scan', inputs, `input ${i} does not fit the body's ${x.dtype} input ${i}`)
    })
    body.outputs.slice(0, carry).forEach((y, i) => {
      const x = body.inputs[constants + i]
      if (!sameDims(x.dims, y.dims) || x.dtype !== y.dtype)
        throw new OpError(
          'scan',
          [x, y],
          `the body changes carry ${i} (operand 0 goes in, operand 1 comes out)`,
          'the carry must keep its dims and dtype',
        )
    })
    return body.outputs.map(({ dims, dtype }, i) => ({ dims: i < carry ? dims : [along, ...dims], dtype }))
  },
  gradient: scanGradient,
  show: ({ along, constants, carry, reverse, keep }) => ({ along, constants, carry, reverse, keep }),
  traits: { ...CONTROL, body: 'loop' },
})

export interface CallAttributes {
  readonly body: Program
  readonly keep: Keep
  /** A gradient written by hand: from inputs, outputs and their gradients to the inputs' gradients. */
  readonly custom?: CustomGradient
  /** Which of the body's outputs are residuals of `custom`: there once a gradient was taken. */
  readonly residuals?: { readonly from: number; readonly count: number }
}

export interface CustomGradient {
  /** The function again, with what `backward` needs besides: returns [outputs, residuals]. */
  forward(inputs: readonly Tensor[]): readonly [readonly Tensor[], readonly Tensor[]]
  backward(residuals: readonly Tensor[], grads: readonly Tensor[]): readonly (Tensor | null)[]
}

/** A body run once, whose gradient recomputes what it does not keep, or is written by hand. */
export const callOp = primitive('call', {
  result: (_, { body }: CallAttributes) => body.outputs.map(({ dims, dtype }) => ({ dims, dtype })),
  gradient: callGradient,
  show: ({ keep }) => ({ keep }),
  traits: { ...CONTROL, body: 'inline' },
})
