/**
 * Functions of f32 in WebAssembly SIMD, as polynomials. Largest errors, which the test of this file measures: exp 1, log 1,
 * tanh 6, sigmoid 2 units in the last place. Special values are those of IEEE 754.
 */
import { EXP, LN2_HIGH, LN2_LOW, LOG, TANH_ABOVE, TANH_BELOW, TANH_BOUND } from '../polynomials.js'
import { constant, floatLane, floats, get, integers, set, V128, withFloatLane } from './assembler.js'
import type { Code, FunctionScope, Imported } from './assembler.js'
import { f32x4, i32x4, v128 } from './vector.js'

/** A value that is used more than once: code that computes it into a variable, then the variable. */
class Steps {
  private readonly code: number[] = []

  constructor(private readonly scope: FunctionScope) {}

  /** Keeps a value; the result reads it. */
  keep(value: Code): Code {
    const local = this.scope.local(V128)
    this.code.push(...set(local, value))
    return get(local)
  }

  /** Everything kept, then the value. */
  result(value: Code): Code {
    return [...this.code, ...value]
  }
}

/** Horner's scheme, the highest power first. */
const polynomial = (x: Code, coefficients: readonly number[]): Code =>
  coefficients.slice(1).reduce<Code>((sum, next) => f32x4.add(f32x4.mul(sum, x), floats(next)), floats(coefficients[0]))

/** 2^n of an integer from -126 to 127. */
const powerOfTwo = (n: Code): Code => i32x4.shl(i32x4.add(n, integers(127)), constant(23))

export function exp(scope: FunctionScope, x: Code): Code {
  const steps = new Steps(scope)
  const given = steps.keep(x)
  // Masked attention weights are such numbers. Computed, their powers of two would underflow, which is slow.
  const zero = steps.keep(f32x4.lt(given, floats(-104)))
  // From 89 on the result is infinite.
  const inside = steps.keep(f32x4.min(v128.andNot(given, zero), floats(89)))
  const n = steps.keep(f32x4.nearest(f32x4.mul(inside, floats(Math.LOG2E))))
  const high = f32x4.sub(inside, f32x4.mul(n, floats(LN2_HIGH)))
  const r = steps.keep(f32x4.sub(high, f32x4.mul(n, floats(LN2_LOW))))
  const tail = f32x4.mul(f32x4.mul(r, r), polynomial(r, EXP))
  const whole = steps.keep(i32x4.truncateSigned(n))
  // In two factors, because the result may be subnormal or just below infinity.
  const half = steps.keep(i32x4.shrSigned(whole, constant(1)))
  const scaled = f32x4.mul(f32x4.add(f32x4.add(tail, r), floats(1)), powerOfTwo(half))
  return steps.result(v128.andNot(f32x4.mul(scaled, powerOfTwo(i32x4.sub(whole, half))), zero))
}

export function log(scope: FunctionScope, x: Code): Code {
  const steps = new Steps(scope)
  const given = steps.keep(x)
  const subnormal = steps.keep(f32x4.lt(given, floats(2 ** -126)))
  const bits = steps.keep(
    // Relative to the bits of sqrt(1/2), so that what is left of the exponent is in [sqrt(1/2), sqrt(2)).
    i32x4.sub(v128.select(subnormal, f32x4.mul(given, floats(2 ** 23)), given), integers(0x3f3504f3)),
  )
  const fraction = i32x4.add(v128.and(bits, integers(0x7fffff)), integers(0x3f3504f3))
  const f = steps.keep(f32x4.sub(fraction, floats(1)))
  const exponent = i32x4.sub(i32x4.shrSigned(bits, constant(23)), v128.and(subnormal, integers(23)))
  const e = steps.keep(f32x4.convertSigned(exponent))
  const square = steps.keep(f32x4.mul(f, f))
  const tail = f32x4.add(f32x4.mul(f32x4.mul(polynomial(f, LOG), f), square), f32x4.mul(e, floats(LN2_LOW)))
  const small = f32x4.sub(tail, f32x4.mul(square, floats(0.5)))
  const result = steps.keep(f32x4.add(f32x4.add(small, f), f32x4.mul(e, floats(LN2_HIGH))))
  // Infinity and NaN stay, 0 gives -infinity, negative numbers NaN.
  const large = v128.select(f32x4.lt(given, floats(Infinity)), result, given)
  const zero = v128.select(f32x4.eq(given, floats(0)), floats(-Infinity), large)
  return steps.result(v128.select(f32x4.lt(given, floats(0)), floats(NaN), zero))
}

export function tanh(scope: FunctionScope, x: Code): Code {
  const steps = new Steps(scope)
  const given = steps.keep(x)
  const inside = steps.keep(f32x4.max(f32x4.min(given, floats(TANH_BOUND)), floats(-TANH_BOUND)))
  const square = steps.keep(f32x4.mul(inside, inside))
  const ratio = f32x4.div(f32x4.mul(inside, polynomial(square, TANH_ABOVE)), polynomial(square, TANH_BELOW))
  // Close to 0 it is its argument, of which the product above would lose the smallest.
  return steps.result(v128.select(f32x4.lt(f32x4.abs(given), floats(4e-4)), given, ratio))
}

export function sigmoid(scope: FunctionScope, x: Code): Code {
  return f32x4.div(floats(1), f32x4.add(floats(1), exp(scope, f32x4.neg(x))))
}

/** A function of JavaScript for each lane: exact, and some ten times slower. */
export function perLane(scope: FunctionScope, name: Imported, operands: readonly Code[]): Code {
  const steps = new Steps(scope)
  const given = operands.map((x) => steps.keep(x))
  const of = (lane: number) => [...given.flatMap((x) => floatLane(x, lane)), ...scope.call(name)]
  return steps.result([0, 1, 2, 3].reduce<Code>((sum, lane) => withFloatLane(sum, lane, of(lane)), floats(0)))
}

/** f32 rounded to the nearest bf16, ties to even; NaN stays NaN. */
export function toBf16(scope: FunctionScope, x: Code): Code {
  const steps = new Steps(scope)
  const word = steps.keep(x)
  const odd = v128.and(i32x4.shrUnsigned(word, constant(16)), integers(1))
  const up = i32x4.add(word, i32x4.add(odd, integers(0x7fff)))
  const rounded = v128.select(f32x4.eq(word, word), up, v128.or(word, integers(0x400000)))
  return steps.result(v128.and(rounded, integers(0xffff0000)))
}
