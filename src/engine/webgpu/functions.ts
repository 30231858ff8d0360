/**
 * Functions of f32 in WGSL. Its own exp and log may be off by several units in the last place, sin and cos by 2^-11, and expm1 and log1p
 * are missing, so these are the polynomials of host/wasm/math.ts and of the sources it names (S. L. Moshier, Cephes, single/sinf.c
 * for sine and cosine, whose arguments should be below 8192).
 */
import { EXP, LN2_HIGH, LN2_LOW, LOG, TANH_ABOVE, TANH_BELOW, TANH_BOUND } from '../host/polynomials.js'

/** Horner's scheme, the highest power first, into a variable. */
const horner = (name: string, x: string, [first, ...others]: readonly number[]): string =>
  [`var ${name} = ${first};`, ...others.map((next) => `${name} = ${name} * ${x} + ${next};`)].join('\n  ')

const FUNCTIONS: Readonly<Record<string, string>> = {
  fromBits: `fn fromBits(x: u32) -> f32 { return bitcast<f32>(x); }`,
  // Shaders may be compiled as if there were no NaN: a comparison with one may be true or false.
  isNan: `fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  powerOfTwo: `fn powerOfTwo(n: i32) -> f32 { return bitcast<f32>((n + 127) << 23u); }`,
  toBf16: `fn toBf16(x: f32) -> f32 {
  let word = bitcast<u32>(x);
  let up = (word + ((word >> 16u) & 1u) + 0x7fffu) & 0xffff0000u;
  return bitcast<f32>(select(up, word | 0x400000u, (word & 0x7fffffffu) > 0x7f800000u));
}`,
  toF16: `fn toF16(x: f32) -> f32 {
  let word = bitcast<u32>(x);
  let size = word & 0x7fffffffu;
  let sign = word & 0x80000000u;
  if (size > 0x7f800000u) { return x; }
  if (size >= 0x477ff000u) { return bitcast<f32>(sign | 0x7f800000u); }
  if (size < 0x38800000u) { return round(x * 16777216.0) / 16777216.0; }
  return bitcast<f32>(sign | ((size + 0xfffu + ((size >> 13u) & 1u)) & 0xffffe000u));
}`,
  expOf: `fn expOf(x: f32) -> f32 {
  let inside = clamp(x, -104.0, 89.0);
  let n = round(inside * 1.4426950408889634);
  let r = (inside - n * ${LN2_HIGH}) - n * ${LN2_LOW};
  ${horner('p', 'r', EXP)}
  let whole = i32(n);
  let half = whole >> 1u;
  let y = ((p * r * r + r) + 1.0) * powerOfTwo(half) * powerOfTwo(whole - half);
  return select(select(y, 0.0, x < -104.0), x, isNan(x));
}`,
  logOf: `fn logOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let tiny = x < 1.1754944e-38;
  let word = bitcast<i32>(select(x, x * 8388608.0, tiny)) - 0x3f3504f3;
  let f = bitcast<f32>((word & 0x7fffff) + 0x3f3504f3) - 1.0;
  let e = f32((word >> 23u) - select(0, 23, tiny));
  let square = f * f;
  ${horner('p', 'f', LOG)}
  let y = ((p * f * square + e * ${LN2_LOW}) - square * 0.5 + f) + e * ${LN2_HIGH};
  if (x == 0.0) { return fromBits(0xff800000u); }
  if (x < 0.0) { return fromBits(0x7fc00000u); }
  return select(x, y, x < fromBits(0x7f800000u));
}`,
  expm1Of: `fn expm1Of(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) > 0.5) { return expOf(x) - 1.0; }
  ${horner('p', 'x', [2.7557319e-6, 2.4801587e-5, 1.984127e-4, 1.3888889e-3, 8.3333333e-3, 4.1666667e-2, 1.6666667e-1, 0.5])}
  return x + x * x * p;
}`,
  log1pOf: `fn log1pOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) > 0.5) { return logOf(1.0 + x); }
  let s = x / (2.0 + x);
  let square = s * s;
  ${horner('p', 'square', [7.6923077e-2, 9.0909091e-2, 1.1111111e-1, 1.4285714e-1, 0.2, 3.3333333e-1])}
  return 2.0 * s + 2.0 * s * square * p;
}`,
  tanhOf: `fn tanhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) < 4e-4) { return x; }
  let inside = clamp(x, ${-TANH_BOUND}, ${TANH_BOUND});
  let square = inside * inside;
  ${horner('p', 'square', TANH_ABOVE)}
  ${horner('q', 'square', TANH_BELOW)}
  return inside * p / q;
}`,
  sigmoidOf: `fn sigmoidOf(x: f32) -> f32 { return 1.0 / (1.0 + expOf(-x)); }`,
  turned: `fn turned(x: f32, quarters: i32) -> f32 {
  let q = round(x * 0.63661977236758134);
  let r = ((x - q * 1.5703125) - q * 4.837512969970703e-4) - q * 7.54978995489188216e-8;
  let square = r * r;
  ${horner('s', 'square', [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1])}
  ${horner('c', 'square', [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2])}
  let sine = s * square * r + r;
  let cosine = c * square * square - 0.5 * square + 1.0;
  let turn = (i32(q) + quarters) & 3;
  let y = select(sine, cosine, (turn & 1) == 1);
  return select(y, -y, turn >= 2);
}`,
  powOf: `fn powOf(a: f32, b: f32) -> f32 {
  if (isNan(b)) { return select(b, 1.0, bitcast<u32>(a) == 0x3f800000u); }
  if (b == 0.0) { return 1.0; }
  if (isNan(a)) { return a; }
  if (a == 1.0) { return 1.0; }
  let endless = fromBits(0x7f800000u);
  let size = abs(a);
  if (abs(b) == endless) {
    if (size == 1.0) { return 1.0; }
    return select(0.0, endless, (size > 1.0) == (b > 0.0));
  }
  let whole = floor(b) == b;
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) == 1;
  var y = 0.0;
  if (size == 0.0 || size == endless) {
    y = select(0.0, endless, (size == endless) == (b > 0.0));
  } else {
    y = magnitude(size, b);
  }
  if (a < 0.0 && !whole && size != endless) { return fromBits(0x7fc00000u); }
  return select(y, -y, bitcast<i32>(a) < 0 && odd);
}`,
  // Small whole powers by squaring, which costs fewer digits than the logarithm.
  magnitude: `fn magnitude(a: f32, b: f32) -> f32 {
  if (floor(b) == b && abs(b) <= 64.0) {
    var left = u32(abs(b));
    var base = a;
    var y = 1.0;
    while (left > 0u) {
      if ((left & 1u) == 1u) { y = y * base; }
      base = base * base;
      left = left >> 1u;
    }
    return select(y, 1.0 / y, b < 0.0);
  }
  return expOf(b * logOf(a));
}`,
}

/** The functions that a text uses, and those that they use, as declarations. */
export function functionsIn(text: string): string {
  const wanted = new Set<string>()
  const look = (code: string) => {
    for (const name of Object.keys(FUNCTIONS))
      if (!wanted.has(name) && new RegExp(`\\b${name}\\(`).test(code)) {
        wanted.add(name)
        look(FUNCTIONS[name])
      }
  }
  look(text)
  return [...wanted].map((name) => `${FUNCTIONS[name]}\n`).join('')
}
