import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { ROUND } from './arrays.js'
import type { Given, MakeKernel } from './kernel.js'
import { dense, offsetsOf, without, type Layout } from './layout.js'

/** The lanes of an array along one axis: where each begins, how far its elements are apart, how many it has. */
interface Lanes {
  readonly starts: Int32Array
  readonly stride: number
  readonly size: number
}

function lanesOf(layout: Layout, axis: number): Lanes {
  return { starts: offsetsOf(without(layout, axis)), stride: layout.strides[axis], size: layout.sizes[axis] }
}

/** Makes numbers of an array comparable by < and >. */
const comparable = ({ dtype }: Given) => (dtype === 'u32' ? (x: number) => x >>> 0 : (x: number) => x)

/** Index of the largest element of each lane, the first at a tie. NaN counts as the largest, so the first NaN wins. */
export const argmax: MakeKernel<AttributesOf<'argmax'>> = ([x], { axis }) => {
  const { starts, stride, size } = lanesOf(x.layout, axis)
  const value = comparable(x)
  return ([from], [y]) => {
    for (let lane = 0; lane < starts.length; lane++) {
      let best = value(from[starts[lane]])
      let at = 0
      for (let i = 1, p = starts[lane] + stride; i < size; i++, p += stride) {
        const next = value(from[p])
        if (next > best || (next !== next && best === best)) [best, at] = [next, i]
      }
      y[lane] = at
    }
  }
}

export const cumsum: MakeKernel<AttributesOf<'cumsum'>> = ([x], { axis, reverse }, [out]) => {
  const [read, write] = [lanesOf(x.layout, axis), lanesOf(dense(out.sizes), axis)]
  const { size } = read
  const float = isFloat(x.dtype)
  const round = float ? ROUND[x.dtype as 'f32'] : (sum: number) => sum | 0
  return ([from], [y]) => {
    for (let lane = 0; lane < read.starts.length; lane++) {
      let sum = 0
      for (let i = 0; i < size; i++) {
        const at = reverse ? size - 1 - i : i
        sum += from[read.starts[lane] + at * read.stride]
        if (!float) sum |= 0
        y[write.starts[lane] + at * write.stride] = round(sum)
      }
    }
  }
}

/**
 * Each lane in order, and where each element was; equal ones keep their order. What is sorted are 64-bit keys: an element's
 * rank in the upper half, its index in the lower, written as two words because a BigInt for each would take far longer.
 */
export const sort: MakeKernel<AttributesOf<'sort'>> = ([x], { axis, descending }, [out]) => {
  const [read, write] = [lanesOf(x.layout, axis), lanesOf(dense(out.sizes), axis)]
  const { size } = read
  const rank = ranks(x)
  const keys = new BigUint64Array(size)
  const words = new Uint32Array(keys.buffer)
  return ([from], [y, index]) => {
    for (let lane = 0; lane < read.starts.length; lane++) {
      const start = read.starts[lane]
      for (let i = 0; i < size; i++) {
        const key = rank(from[start + i * read.stride])
        words[2 * i + LOWER] = i
        words[2 * i + UPPER] = descending ? 0xffffffff - key : key
      }
      keys.sort()
      for (let i = 0, q = write.starts[lane]; i < size; i++, q += write.stride) {
        const was = words[2 * i + LOWER]
        y[q] = from[start + was * read.stride]
        index[q] = was
      }
    }
  }
}

/** Positions of the halves of a 64-bit integer in this machine's byte order. */
const LOWER = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 0 : 1
const UPPER = 1 - LOWER

const single = new Float32Array(1)
const word = new Int32Array(single.buffer)

/** A number from 0 to 2^32 - 1 that orders as the elements do; of floats the bits, which order as sign and magnitude. */
function ranks({ dtype }: Given): (x: number) => number {
  if (dtype === 'i32') return (x) => x + 0x80000000
  if (!isFloat(dtype)) return (x) => x >>> 0
  return (x) => {
    single[0] = x + 0 // -0 is 0
    const bits = word[0]
    return bits < 0 ? ~bits >>> 0 : bits + 0x80000000
  }
}
