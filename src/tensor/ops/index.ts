import { barrierOp } from './barrier.js'
import * as binary from './binary.js'
import { broadcastOp } from './broadcast.js'
import { castOp } from './cast.js'
import { compareOp } from './compare.js'
import { constantOp, iotaOp, literalOp } from './constant.js'
import { callOp, scanOp } from './control.js'
import { dotOp } from './dot.js'
import { scatterAddOp, takeOp } from './gather.js'
import { cumsumOp, sortOp } from './order.js'
import { argmaxOp, reduceMaxOp, reduceMinOp, reduceSumOp } from './reduce.js'
import { relayoutOp } from './relayout.js'
import { reshapeOp, transposeOp } from './reshape.js'
import { selectOp } from './select.js'
import { concatOp, dynamicSliceOp, dynamicUpdateSliceOp, padOp, sliceOp } from './slice.js'
import * as unary from './unary.js'

/** Every primitive operation by name. Engines have one row for each, checked by the compiler. */
export const primitives = {
  constant: constantOp,
  literal: literalOp,
  iota: iotaOp,
  neg: unary.negOp,
  abs: unary.absOp,
  sign: unary.signOp,
  not: unary.notOp,
  exp: unary.expOp,
  expm1: unary.expm1Op,
  log: unary.logOp,
  log1p: unary.log1pOp,
  sqrt: unary.sqrtOp,
  rsqrt: unary.rsqrtOp,
  tanh: unary.tanhOp,
  sin: unary.sinOp,
  cos: unary.cosOp,
  sigmoid: unary.sigmoidOp,
  floor: unary.floorOp,
  stopGradient: unary.stopGradientOp,
  add: binary.addOp,
  sub: binary.subOp,
  mul: binary.mulOp,
  div: binary.divOp,
  pow: binary.powOp,
  maximum: binary.maximumOp,
  minimum: binary.minimumOp,
  remainder: binary.remainderOp,
  and: binary.andOp,
  or: binary.orOp,
  xor: binary.xorOp,
  shiftLeft: binary.shiftLeftOp,
  shiftRight: binary.shiftRightOp,
  compare: compareOp,
  select: selectOp,
  cast: castOp,
  broadcast: broadcastOp,
  reshape: reshapeOp,
  transpose: transposeOp,
  reduceSum: reduceSumOp,
  reduceMax: reduceMaxOp,
  reduceMin: reduceMinOp,
  argmax: argmaxOp,
  dot: dotOp,
  slice: sliceOp,
  pad: padOp,
  concat: concatOp,
  dynamicSlice: dynamicSliceOp,
  dynamicUpdateSlice: dynamicUpdateSliceOp,
  take: takeOp,
  scatterAdd: scatterAddOp,
  cumsum: cumsumOp,
  sort: sortOp,
  scan: scanOp,
  call: callOp,
  barrier: barrierOp,
  relayout: relayoutOp,
} as const

export type PrimitiveName = keyof typeof primitives
/** The attributes of a primitive, by its name. */
export type AttributesOf<P extends PrimitiveName> = Parameters<(typeof primitives)[P]['all']>[1]
