import { dim, sizeOf, type Dim } from './dim.js'
import { add, and, maximum, minimum, shiftLeft, shiftRight, xor } from './ops/binary.js'
import { constant, iotaOp, range } from './ops/constant.js'
import { barrier } from './ops/barrier.js'
import { broadcast } from './ops/broadcast.js'
import { cast } from './ops/cast.js'
import { compare } from './ops/compare.js'
import { reshapeOp } from './ops/reshape.js'
import { where } from './ops/select.js'
import { sliceOp } from './ops/slice.js'
import { log1p, neg, sqrt } from './ops/unary.js'
import { Tensor, type Value } from './tensor.js'

/**
 * Random numbers from a counter: threefry-2x32 with 20 rounds as ordinary operations on u32, so that every engine and every
 * mesh makes the same. The bits of an element are a function of the key and of its row-major index alone.
 * Sources: Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"; the key schedule and the use of the two words
 * are those of JAX with `jax_threefry_partitionable`, whose numbers `bits` and `uniform` give.
 */
export interface Key {
  readonly high: Value
  readonly low: Value
}

/** The key of a seed, an integer from 0 to 2^53. */
export function key(seed: number): Key {
  const [high, low] = seedWords(seed)
  return { high: constant(high, 'u32'), low: constant(low, 'u32') }
}

/** The two words of a seed, for keys that are passed to a program as arrays. */
export function seedWords(seed: number): [high: number, low: number] {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is an integer from 0 to 2^53, not ${seed}`)
  return [Math.floor(seed / 2 ** 32), seed >>> 0]
}

/** The key of the words of a seed given as an array, u32 [seed_words 2]: one program then serves all seeds. */
export function keyOfWords(words: Tensor): Key {
  const word = (start: number) => reshapeOp([sliceOp([words], { axis: 0, start, size: 1 })], { dims: [] })
  return { high: word(0), low: word(1) }
}

/** The dim of the two words of a seed. */
export const SEED_WORDS = dim('seed_words', 2)

/** Another key, made from this one and a number (an integer, or a u32 tensor whose dims the new key gets). */
export function foldIn(from: Key, data: number | Value): Key {
  const low = (typeof data === 'number' ? constant(data >>> 0, 'u32') : data) as Value as Tensor
  const [high_, low_] = threefry(from, zerosLike(low), low)
  return { high: high_, low: low_ }
}

/** `count` keys, independent of each other and of the one given. */
export function split(from: Key, count = 2): Key[] {
  return Array.from({ length: count }, (_, i) => foldIn(from, i))
}

/**
 * 32 random bits per element. A key with dims gives each of their elements numbers of its own: an element's index is
 * that along `counted`, by default the dims that the key lacks.
 */
export function bits<N extends string>(
  from: Key,
  dims: readonly Dim<N>[],
  counted: readonly Dim[] = dims.filter(({ name }) => !from.low.dims.some((keyed) => keyed.name === name)),
): Tensor<N> {
  const [high, low] = counters(counted)
  const once = settled(from)
  const [a, b] = threefry(
    { high: spread(once.high, dims), low: spread(once.low, dims) },
    spread(high, dims),
    spread(low, dims),
  )
  const drawn = xor(a, b) as Tensor<N>
  return once === from ? drawn : barrier([drawn])[0]
}

/**
 * A key with dims, computed once: XLA would compute it again for each of the numbers drawn with it. Rounds of a key, of
 * the numbers and of what reads them in one loop take minutes to compile, which is why the numbers get a barrier, too.
 */
function settled(from: Key): Key {
  if (from.low.dims.length === 0) return from
  const [high, low] = barrier([from.high as Tensor, from.low as Tensor])
  return { high, low }
}

/** f32 in [0, 1), or [low, high): 23 random bits an element. */
export function uniform<N extends string>(from: Key, dims: readonly Dim<N>[], low = 0, high = 1): Tensor<N> {
  const unit = unitOf(bits(from, dims))
  return low === 0 && high === 1 ? unit : maximum(unit.mul(high - low).add(low), low)
}

const unitOf = <N extends string>(random: Tensor<N>): Tensor<N> => cast(shiftRight(random, 9), 'f32').mul(2 ** -23)

/** f32 from the normal distribution of mean 0 and standard deviation 1. */
export function normal<N extends string>(from: Key, dims: readonly Dim<N>[]): Tensor<N> {
  return inverseErf(uniform(from, dims, OPEN_LOW, 1)).mul(Math.SQRT2)
}

/** As `normal`, drawn again while outside two standard deviations: standard deviation 0.88. */
export function truncatedNormal<N extends string>(from: Key, dims: readonly Dim<N>[]): Tensor<N> {
  const edge = 0.9544997361036416 // erf(2 / sqrt 2)
  const x = inverseErf(uniform(from, dims, -edge, edge)).mul(Math.SQRT2)
  return maximum(minimum(x, Math.fround(1.9999999)), -Math.fround(1.9999999))
}

/**
 * f32 from the Gumbel distribution: the argmax of logits plus these is a sample of their softmax. With `counted` as in
 * `bits`.
 */
export function gumbel<N extends string>(from: Key, dims: readonly Dim<N>[], counted?: readonly Dim[]): Tensor<N> {
  const tiny = 2 ** -24 // half a step of `uniform`, so that the logarithm is finite
  return unitOf(bits(from, dims, counted))
    .add(tiny)
    .log()
    .neg()
    .log()
    .neg()
}

/** True with probability `p`. */
export function bernoulli<N extends string>(from: Key, p: number, dims: readonly Dim<N>[]): Tensor<N> {
  return compare(uniform(from, dims), 'LT', p)
}

const OPEN_LOW = -0.99999994 // the f32 after -1

/** The block function: 20 rounds on the counter (x0, x1) under a key. All u32, of common dims. */
export function threefry(from: Key, x0: Tensor, x1: Tensor): [Tensor, Tensor] {
  const parity = constant(0x1bd11bda, 'u32')
  const [high, low] = [from.high as Tensor, from.low as Tensor]
  const words: Tensor[] = [high, low, xor(xor(high, low), parity)]
  let a = add(x0, words[0]) as Tensor
  let b = add(x1, words[1]) as Tensor
  for (let group = 0; group < 5; group++) {
    for (const turn of group % 2 === 0 ? [13, 15, 26, 6] : [17, 29, 16, 24]) {
      a = add(a, b)
      b = xor(rotate(b, turn), a)
    }
    a = add(a, words[(group + 1) % 3])
    b = add(add(b, words[(group + 2) % 3]), group + 1)
  }
  return [a, b]
}

function rotate(x: Tensor, turn: number): Tensor {
  // The halves share no bits, so xor joins them.
  return xor(shiftLeft(x, turn), shiftRight(x, 32 - turn))
}

/** Row-major index of each element as two words. */
function counters(dims: readonly Dim[]): [Tensor, Tensor] {
  if (sizeOf(dims) <= 2 ** 32) {
    let low: Value = constant(0, 'u32')
    let stride = 1
    for (const along of [...dims].reverse()) {
      low = add((range(along, 'u32') as Tensor).mul(stride), low as Tensor)
      stride *= along.size
    }
    return [constant(0, 'u32') as Value as Tensor, low as Tensor]
  }
  // Beyond 2^32 elements the leading dim gives the high word.
  const [lead, ...rest] = dims
  const [, low] = counters(rest)
  return [iotaOp([], { dims: [lead], axis: 0, dtype: 'u32' }), low]
}

function spread(x: Value, dims: readonly Dim[]): Tensor {
  return broadcast(x, dims)
}

function zerosLike(x: Value): Tensor {
  return and(x as Tensor, 0)
}

/** erf^-1 of f32. Source: Giles 2010, "Approximating the erfinv function", single precision, within 3 ulp. */
export function inverseErf<N extends string>(x: Tensor<N>): Tensor<N> {
  const w = neg(log1p(neg(x.mul(x))))
  const near: Tensor = polynomial(
    w.sub(2.5),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
      0.246640727, 1.50140941,
    ],
  )
  const far: Tensor = polynomial(
    sqrt(w).sub(3),
    [
      -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3,
      1.00167406, 2.83297682,
    ],
  )
  return where(compare(w, 'LT', 5), near, far).mul(x)
}

function polynomial<N extends string>(x: Tensor<N>, [first, ...rest]: readonly number[]): Tensor<N> {
  return rest.reduce<Tensor<N>>((sum, coefficient) => sum.mul(x).add(coefficient), x.mul(0).add(first))
}
