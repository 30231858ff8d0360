export { dim, productOf, sameDim, sameDims, showDims, sizeOf, type Dim } from './dim.js'
export { bytesOf, isFloat, isInteger, type DType } from './dtype.js'
export { OpError } from './errors.js'
export { Tensor, type NamesOf, type Node, type Value } from './tensor.js'
export { bodiesOf, checkProgram, type InputSpec, type Program } from './program.js'
export { hideFrames, sourceLocation } from './source-location.js'
export type { Traits } from './traits.js'
export { printProgram } from './print.js'
export { grad, gradients, valueAndGrad, valueAndGradAux } from './gradient.js'
export {
  checkpoint,
  isSpec,
  mapTensors,
  remat,
  scan,
  spec,
  Spec,
  trace,
  withGradient,
  type Traced,
} from './transforms.js'
export { leavesOf, mapLeaves, pathsOf, withLeaves, type Mapped, type Tree } from './tree.js'
export * as random from './random.js'
export { primitives, type AttributesOf, type PrimitiveName } from './ops/index.js'
export {
  add,
  and,
  div,
  mask,
  maximum,
  minimum,
  mul,
  or,
  pow,
  remainder,
  shiftLeft,
  shiftRight,
  sub,
  xor,
} from './ops/binary.js'
export { broadcast } from './ops/broadcast.js'
export { cast } from './ops/cast.js'
export { compare, type Direction } from './ops/compare.js'
export { constant, literal, range } from './ops/constant.js'
export { fill, ones, zeros } from './ops/fill.js'
export { barrier } from './ops/barrier.js'
export type { Keep } from './ops/control.js'
export { einsum } from './ops/dot.js'
export { embed, oneHot, pick, take } from './ops/gather.js'
export { logsumexp, softmax } from './ops/softmax.js'
export { cumsum, sort, topK } from './ops/order.js'
export { argmax, max, maxForExp, mean, min, sum, total } from './ops/reduce.js'
export { relayout, type Role } from './ops/relayout.js'
export { rename, reshape, transpose } from './ops/reshape.js'
export { where } from './ops/select.js'
export { concat, dynamicSlice, dynamicUpdateSlice, pad, slice } from './ops/slice.js'
export {
  abs,
  cos,
  exp,
  expm1,
  floor,
  log,
  log1p,
  neg,
  not,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  stopGradient,
  tanh,
} from './ops/unary.js'
