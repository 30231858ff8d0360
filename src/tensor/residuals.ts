import type { Dim } from './dim.js'
import { isFloat } from './dtype.js'
import { gradients } from './gradient.js'
import { barrierOp } from './ops/barrier.js'
import type { CallAttributes, CustomGradient, Keep, ScanAttributes } from './ops/control.js'
import { zeros } from './ops/fill.js'
import { evaluate, programOf, reach, record, type Program } from './program.js'
import type { GradientArgs } from './primitive.js'
import { placeholder, Tensor, withCallSite, withGraph, type Node, type Value } from './tensor.js'

/**
 * Gradients of bodies. A body and its gradient are recorded together, then cut in two: a forward program that also returns
 * the intermediate values the gradient wants to keep (residuals), and a backward program that takes those and recomputes
 * the rest. The recorded operation grows by the residuals in place, so the forward pass runs once.
 */
interface Split {
  /** The body, returning its outputs and then the residuals. */
  readonly forward: Program
  /** From residuals, the body inputs listed in `uses`, and gradients of the outputs in `given`, to gradients of inputs. */
  readonly backward: Program
  readonly residuals: number
  readonly uses: readonly number[]
  /** Body inputs that `backward` returns a gradient for, in order. */
  readonly returns: readonly number[]
}

function keeps(keep: Keep, node: Node): boolean {
  const { recompute } = node.primitive.traits
  return keep === 'all' ? recompute !== 'free' : keep === 'products' && recompute === 'costly'
}

/**
 * Cuts a body. `given`: outputs whose gradient will be passed. `wanted`: inputs whose gradient is asked for. Inputs marked
 * `free` are at hand in the backward program at no cost; others are kept as residuals where needed.
 */
function split(
  body: Program,
  keep: Keep,
  given: readonly boolean[],
  wanted: readonly boolean[],
  varies: readonly boolean[],
  free: readonly boolean[],
): Split {
  return withGraph(`gradient of ${body.name}`, () => {
    const inputs = body.inputs.map((x) => placeholder(x.dims, x.dtype))
    const outputs = evaluate(body, inputs)
    const grads = outputs.map((y, i) => (given[i] ? placeholder(y.dims, y.dtype) : null))
    const asked = inputs.filter((_, i) => wanted[i])
    const found = gradients(outputs, grads, asked)
    const returns = inputs.flatMap((x, i) => (wanted[i] && found[asked.indexOf(x)] ? [i] : []))
    const results = returns.map((i) => found[asked.indexOf(inputs[i])] as Tensor)

    const cotangents = grads.filter((x): x is Tensor => x !== null)
    const { nodes } = reach(results, () => false)
    const backward = marked(nodes, cotangents)
    const varying = marked(
      nodes,
      inputs.filter((_, i) => varies[i]),
    )
    const residuals = new Set<Tensor>()
    const visited = new Set<Tensor>()
    const need = (x: Tensor): void => {
      if (visited.has(x)) return
      visited.add(x)
      const input = inputs.indexOf(x)
      if (input >= 0) return void (free[input] || residuals.add(x))
      if (!x.node) return
      if (varying.has(x) && keeps(keep, x.node)) return void residuals.add(x)
      x.node.inputs.forEach(need)
    }
    for (const x of [
      ...results,
      ...nodes.filter((node) => node.outputs.some((y) => backward.has(y))).flatMap((node) => node.inputs),
    ])
      if (!backward.has(x)) need(x)

    const kept = [...residuals]
    const uses = inputs.flatMap((x, i) => (free[i] && visited.has(x) ? [i] : []))
    return {
      forward: programOf(body.name, inputs, [...outputs, ...kept]),
      backward: programOf(`gradient of ${body.name}`, [...kept, ...uses.map((i) => inputs[i]), ...cotangents], results),
      residuals: kept.length,
      uses,
      returns,
    }
  })
}

/** Values that depend on any of `roots`, roots included. */
function marked(nodes: readonly Node[], roots: readonly Tensor[]): Set<Tensor> {
  const set = new Set(roots)
  for (const node of nodes) if (node.inputs.some((x) => set.has(x))) node.outputs.forEach((y) => set.add(y))
  return set
}

/** Makes a recorded operation return residuals after its own results. */
function grow(node: Node, attributes: object, residuals: readonly Tensor[], along: readonly Dim[]): readonly Tensor[] {
  const added = residuals.map((x) => new Tensor([...along, ...x.dims], x.dtype, node, node.graph))
  node.attributes = attributes
  node.outputs = [...node.outputs, ...added]
  return added
}

export function scanGradient({
  inputs,
  outputs,
  grads,
  needed,
  attributes,
  node,
  apply,
}: GradientArgs<ScanAttributes>): (Tensor | null)[] {
  const { body, along, constants, carry, keep, reverse } = attributes
  const isConstant = (i: number) => i < constants
  const isCarry = (i: number) => i >= constants && i < constants + carry
  // Any float carry may get a gradient by way of a later step, so each has one from the start.
  const given = outputs.map((y, i) => isFloat(y.dtype) && (i < carry || grads[i] !== null))
  const wanted = inputs.map((x, i) => isFloat(x.dtype) && (isCarry(i) || needed[i]))
  const cut = split(
    body,
    keep,
    given,
    wanted,
    inputs.map((_, i) => !isConstant(i)),
    inputs.map((_, i) => !isCarry(i)),
  )
  const residuals = grow(node, { ...attributes, body: cut.forward }, cut.forward.outputs.slice(body.outputs.length), [
    along,
  ])

  const returned = (i: number) => cut.returns.indexOf(i)
  const floats = outputs.flatMap((y, i) => (i < carry && isFloat(y.dtype) ? [i] : []))
  const summed = cut.returns.filter(isConstant)
  const stacked = cut.returns.filter((i) => !isConstant(i) && !isCarry(i))
  const usedConstants = cut.uses.filter(isConstant)
  const usedXs = cut.uses.filter((i) => !isConstant(i))
  const givenYs = outputs.flatMap((_, i) => (i >= carry && given[i] ? [i] : []))

  const specs = (xs: readonly Value[]) => xs.map(({ dims, dtype }) => ({ dims, dtype }))
  const sumSpecs = specs(summed.map((i) => body.inputs[i]))
  const step = record(
    `gradient of ${body.name}`,
    [
      ...specs(usedConstants.map((i) => body.inputs[i])),
      ...specs(floats.map((i) => body.outputs[i])),
      ...sumSpecs,
      ...specs(cut.forward.outputs.slice(body.outputs.length)),
      ...specs(usedXs.map((i) => body.inputs[i])),
      ...specs(givenYs.map((i) => body.outputs[i])),
    ],
    (...all) => {
      const takeNext = taker(all)
      const consts = takeNext(usedConstants.length),
        carried = takeNext(floats.length),
        sums = takeNext(summed.length)
      const kept = takeNext(cut.residuals),
        xs = takeNext(usedXs.length),
        ys = takeNext(givenYs.length)
      const uses = cut.uses.map((i) => (isConstant(i) ? consts[usedConstants.indexOf(i)] : xs[usedXs.indexOf(i)]))
      const results = evaluate(cut.backward, [...kept, ...uses, ...carried, ...ys])
      const result = (i: number) => results[returned(i)]
      return [
        ...floats.map((i, at) =>
          returned(constants + i) < 0 ? zeros(carried[at].dims, carried[at].dtype) : result(constants + i),
        ),
        ...summed.map((i, at) => sums[at].add(result(i))),
        ...stacked.map(result),
      ]
    },
  )
  const first = [
    ...floats.map((i) => grads[i] ?? zeros(outputs[i].dims, outputs[i].dtype)),
    ...sumSpecs.map(({ dims, dtype }) => zeros(dims, dtype)),
  ]
  const all = apply(
    [
      ...usedConstants.map((i) => inputs[i]),
      ...first,
      ...residuals,
      ...usedXs.map((i) => inputs[i]),
      ...givenYs.map((i) => grads[i] as Tensor),
    ],
    { body: step, along, constants: usedConstants.length, carry: first.length, reverse: !reverse, keep },
  )
  const takeNext = taker(all)
  const carries = takeNext(floats.length),
    sums = takeNext(summed.length),
    slices = takeNext(stacked.length)
  return inputs.map((_, i) => {
    if (isConstant(i)) return sums[summed.indexOf(i)] ?? null
    if (isCarry(i)) return carries[floats.indexOf(i - constants)] ?? null
    return slices[stacked.indexOf(i)] ?? null
  })
}

export function callGradient(args: GradientArgs<CallAttributes>): (Tensor | null)[] {
  return args.attributes.custom ? customGradient(args, args.attributes.custom) : recomputedGradient(args)
}

/**
 * The gradient written by hand. The first time it makes the call return the residuals, too. Another gradient, of the same
 * call or of this one, takes those; what then flows to the residuals themselves is differentiated as ordinary operations.
 */
function customGradient(args: GradientArgs<CallAttributes>, custom: CustomGradient): (Tensor | null)[] {
  const { inputs, grads, attributes, node } = args
  if (!attributes.residuals) {
    let count = 0
    const forward = record(attributes.body.name, attributes.body.inputs, (...xs) => {
      const [ys, residuals] = withCallSite(null, () => custom.forward(xs))
      count = residuals.length
      return [...ys, ...residuals]
    })
    const from = node.outputs.length
    grow(node, { ...attributes, body: forward, residuals: { from, count } }, forward.outputs.slice(from), [])
  }
  const { residuals } = node.attributes as CallAttributes
  const { from, count } = residuals!
  const own = grads.slice(0, from)
  const byHand = own.some((grad) => grad !== null)
    ? withCallSite(null, () =>
        custom.backward(
          node.outputs.slice(from, from + count),
          own.map((grad, i) => grad ?? zeros(node.outputs[i].dims, node.outputs[i].dtype)),
        ),
      )
    : inputs.map(() => null)
  if (!grads.slice(from).some((grad) => grad !== null)) return [...byHand]
  const ofResiduals = recomputedGradient({ ...args, grads: grads.map((grad, i) => (i < from ? null : grad)) })
  return inputs.map((_, i) => {
    const [a, b] = [byHand[i], ofResiduals[i]]
    return a && b ? a.add(b) : (a ?? b)
  })
}

function recomputedGradient({
  inputs,
  grads,
  needed,
  attributes,
  node,
  apply,
}: GradientArgs<CallAttributes>): (Tensor | null)[] {
  const { body, keep } = attributes
  const given = grads.map((grad) => grad !== null)
  const wanted = inputs.map((x, i) => isFloat(x.dtype) && needed[i])
  const cut = split(
    body,
    keep,
    given,
    wanted,
    inputs.map(() => true),
    inputs.map(() => true),
  )
  const residuals = grow(node, { ...attributes, body: cut.forward }, cut.forward.outputs.slice(body.outputs.length), [])
  // Without the barrier XLA would find the recomputed values equal to the first ones, and keep those.
  const fenced = barrierOp.all(
    [...residuals, ...cut.uses.map((i) => inputs[i]), ...grads.filter((grad) => grad !== null)],
    {},
  )
  const results = apply(fenced, { body: cut.backward, keep: 'all' })
  return inputs.map((_, i) => results[cut.returns.indexOf(i)] ?? null)
}

/** Takes the next n of a list, and so on. */
function taker<T>(list: readonly T[]): (n: number) => readonly T[] {
  let at = 0
  return (n) => list.slice(at, (at += n))
}
