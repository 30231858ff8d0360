/** For each primitive operation random uses of it. */
import {
  dim,
  gradients,
  isFloat,
  literal,
  primitives,
  reshape,
  scan,
  remat,
  showDims,
  sizeOf,
  type AttributesOf,
  type Dim,
  type DType,
  type PrimitiveName,
  type Tensor,
  type Value,
} from '../../../src/tensor/index.js'
import { Random, type Given, type Range } from './random.js'

export interface Case {
  readonly inputs: readonly Given[]
  readonly run: (inputs: readonly Tensor[]) => readonly Value[]
  /** For people. */
  readonly attributes?: unknown
  /** Factor of the tolerance of halves. */
  readonly halves?: number
}

/**
 * XLA's CPU backend adds up bf16 in bf16 and f16 in f16, which rounds at every step: a sum of 576 numbers may be off by a
 * quarter. Sums of small whole numbers are exact.
 */
function summable(x: Given): Given {
  const half = isFloat(x.dtype) && x.dtype !== 'f32'
  return half ? { ...x, values: x.values.map((value) => Math.round(value / 3)) } : x
}

const NUMBERS: readonly DType[] = ['f32', 'f32', 'bf16', 'f16', 'i32', 'u32']
const ANY: readonly DType[] = [...NUMBERS, 'bool']
const INTEGERS: readonly DType[] = ['i32', 'u32']

function use<P extends PrimitiveName>(name: P, inputs: readonly Given[], attributes: AttributesOf<P>): Case {
  return { inputs, attributes, run: (xs) => (primitives[name] as any).all(xs, attributes) }
}

const unary =
  <P extends PrimitiveName>(name: P, dtypes: readonly DType[] | 'floats', range: Range = { odd: true }) =>
  (r: Random): Case =>
    use(name, [r.given(r.dims(), dtypes === 'floats' ? r.float() : r.one(dtypes), range)], {} as AttributesOf<P>)

const binary =
  <P extends PrimitiveName>(name: P, dtypes: readonly DType[], range: Range = { odd: true }) =>
  (r: Random): Case => {
    const [dims, dtype] = [r.dims(), r.one(dtypes)]
    return use(name, [r.given(dims, dtype, range), r.given(dims, dtype, range)], {} as AttributesOf<P>)
  }

const someAxes = (r: Random, dims: readonly Dim[]) => dims.map((_, i) => i).filter(() => r.chance(0.5))
const resized = (dims: readonly Dim[], axis: number, size: number) =>
  dims.map((own, i) => (i === axis ? dim(own.name, size) : own))

const reduce =
  (name: 'reduceSum' | 'reduceMax' | 'reduceMin', dtypes: readonly DType[]) =>
  (r: Random): Case => {
    const dims = r.dims(0, 5)
    const range = name === 'reduceSum' ? {} : { odd: 'but NaN' as const }
    const x = r.given(dims, r.one(dtypes), range)
    return use(name, [name === 'reduceSum' ? summable(x) : x], { axes: someAxes(r, dims) })
  }

/** Uses of each primitive; the compiler refuses a missing one. */
export const CASES: { readonly [P in PrimitiveName]: (r: Random) => Case } = {
  constant(r) {
    const dtype = r.one(ANY)
    return use('constant', [], { dtype, value: r.number(dtype, { odd: true }) })
  },
  literal(r) {
    const { dims, dtype, values } = r.given(r.dims(0, 3), r.one(ANY))
    return use('literal', [], { dims, dtype, values })
  },
  iota(r) {
    const dims = r.dims(1)
    return use('iota', [], { dims, axis: r.whole(0, dims.length - 1), dtype: r.one(NUMBERS) })
  },
  neg: unary('neg', NUMBERS),
  abs: unary('abs', ['f32', 'bf16', 'f16', 'i32']),
  sign: unary('sign', ['f32', 'bf16', 'f16', 'i32']),
  not: unary('not', ['bool', 'i32', 'u32']),
  exp: unary('exp', 'floats'),
  expm1: unary('expm1', 'floats'),
  log: unary('log', 'floats'),
  log1p: unary('log1p', 'floats'),
  sqrt: unary('sqrt', 'floats'),
  rsqrt: unary('rsqrt', 'floats', { low: 0.01 }),
  tanh: unary('tanh', 'floats'),
  sin: unary('sin', 'floats', { low: -50, high: 50 }),
  cos: unary('cos', 'floats', { low: -50, high: 50 }),
  sigmoid: unary('sigmoid', 'floats'),
  floor: unary('floor', 'floats'),
  stopGradient: unary('stopGradient', ANY),
  add: binary('add', NUMBERS),
  sub: binary('sub', NUMBERS),
  mul: binary('mul', NUMBERS),
  div: binary('div', NUMBERS),
  pow: binary('pow', ['f32', 'f32', 'bf16', 'f16']),
  // The wasm backend drops NaN in both.
  maximum: binary('maximum', NUMBERS, { odd: 'but NaN' }),
  minimum: binary('minimum', NUMBERS, { odd: 'but NaN' }),
  remainder: binary('remainder', INTEGERS),
  and: binary('and', [...INTEGERS, 'bool']),
  or: binary('or', [...INTEGERS, 'bool']),
  xor: binary('xor', [...INTEGERS, 'bool']),
  shiftLeft: binary('shiftLeft', INTEGERS, { low: 0, high: 40 }),
  shiftRight: binary('shiftRight', INTEGERS, { low: 0, high: 40 }),
  compare(r) {
    const [dims, dtype] = [r.dims(), r.one(ANY)]
    const range = { low: -2, high: r.chance(0.5) ? -1.99 : 2, odd: true }
    const direction = r.one(['EQ', 'NE', 'LT', 'LE', 'GT', 'GE'] as const)
    return use('compare', [r.given(dims, dtype, range), r.given(dims, dtype, range)], { direction })
  },
  select(r) {
    const [dims, dtype] = [r.dims(), r.one(ANY)]
    return use('select', [r.given(dims, 'bool'), r.given(dims, dtype), r.given(dims, dtype)], {})
  },
  cast(r) {
    const range = r.chance(0.3) ? { low: -5e9, high: 5e9, odd: true } : { odd: true }
    return use('cast', [r.given(r.dims(), r.one(ANY), range)], { dtype: r.one(ANY) })
  },
  broadcast(r) {
    const dims = r.dims(0, 3)
    const own = r.shuffled(dims.filter(() => r.chance(0.5)))
    return use('broadcast', [r.given(own, r.one(ANY))], { dims })
  },
  reshape(r) {
    const dims = r.dims()
    const factors = dims.flatMap(({ size }) => (size % 2 === 0 ? [2, size / 2] : [size]))
    const merged: number[] = []
    for (const factor of factors)
      if (merged.length > 0 && r.chance(0.4)) merged.push(merged.pop()! * factor)
      else merged.push(factor)
    return use('reshape', [r.given(dims, r.one(ANY))], { dims: merged.map((size, i) => dim(`n${i}`, size)) })
  },
  transpose(r) {
    const dims = r.dims(0, 5)
    return use('transpose', [r.given(dims, r.one(ANY))], { permutation: r.shuffled(dims.map((_, i) => i)) })
  },
  reduceSum: reduce('reduceSum', NUMBERS),
  reduceMax: reduce('reduceMax', ANY),
  reduceMin: reduce('reduceMin', ANY),
  argmax(r) {
    const dims = r.dims(1)
    // Few values, so that there are ties; at times some are NaN.
    const x = r.given(dims, r.one(ANY), { low: 0, high: 3 })
    const nan = r.chance(0.4) ? 0.2 : 0
    const values = isFloat(x.dtype) ? x.values.map((value) => (r.chance(nan) ? NaN : Math.round(value))) : x.values
    return use('argmax', [{ ...x, values }], { axis: r.whole(0, dims.length - 1) })
  },
  dot(r) {
    const dtype = r.float()
    const [batch, left, right, sums] = ['b', 'm', 'n', 'k'].map((name) => r.dims(0, 2, name))
    if (sums.length === 0) sums.push(dim('k0', r.size()))
    if (r.chance(0.05)) sums[0] = dim('k0', 700)
    const [a, b] = [left, right].map((free) => r.shuffled([...batch, ...free, ...sums]))
    const axes = (x: readonly Dim[], of: readonly Dim[]) =>
      of.map(({ name }) => x.findIndex((own) => own.name === name))
    return use('dot', [r.given(a, dtype), r.given(b, dtype)], {
      batch: [axes(a, batch), axes(b, batch)],
      contract: [axes(a, sums), axes(b, sums)],
    })
  },
  slice(r) {
    const dims = r.dims(1)
    const axis = r.whole(0, dims.length - 1)
    const start = r.whole(0, dims[axis].size - 1)
    return use('slice', [r.given(dims, r.one(ANY))], { axis, start, size: r.whole(1, dims[axis].size - start) })
  },
  pad(r) {
    const [dims, dtype] = [r.dims(1), r.one(ANY)]
    const attributes = { axis: r.whole(0, dims.length - 1), before: r.whole(0, 3), after: r.whole(0, 3) }
    return use('pad', [r.given(dims, dtype), r.given([], dtype)], attributes)
  },
  concat(r) {
    const [dims, dtype] = [r.dims(1), r.one(ANY)]
    const axis = r.whole(0, dims.length - 1)
    const parts = Array.from({ length: r.whole(1, 4) }, () => r.given(resized(dims, axis, r.size()), dtype))
    return use('concat', parts, { axis })
  },
  dynamicSlice(r) {
    const dims = r.dims(1)
    const axis = r.whole(0, dims.length - 1)
    const inputs = [r.given(dims, r.one(ANY)), { dims: [], dtype: 'i32' as const, values: [r.whole(-3, 9)] }]
    return use('dynamicSlice', inputs, { axis, size: r.whole(1, dims[axis].size) })
  },
  dynamicUpdateSlice(r) {
    const [dims, dtype] = [r.dims(1), r.one(ANY)]
    const axis = r.whole(0, dims.length - 1)
    const update = r.given(resized(dims, axis, r.whole(1, dims[axis].size)), dtype)
    const start = { dims: [], dtype: 'i32' as const, values: [r.whole(-3, 9)] }
    return use('dynamicUpdateSlice', [r.given(dims, dtype), update, start], { axis })
  },
  take(r) {
    const dims = r.dims(1)
    const axis = r.whole(0, dims.length - 1)
    const ids = r.dims(0, 2, 'id')
    return use('take', [r.given(dims, r.one(ANY)), idsFor(r, ids, dims[axis].size)], { axis })
  },
  scatterAdd(r) {
    const [dims, dtype] = [r.dims(1), r.one(NUMBERS)]
    const axis = r.whole(0, dims.length - 1)
    const ids = r.dims(0, 2, 'id')
    const updates = r.given([...dims.slice(0, axis), ...ids, ...dims.slice(axis + 1)], dtype)
    const inputs = [summable(r.given(dims, dtype)), idsFor(r, ids, dims[axis].size), summable(updates)]
    return use('scatterAdd', inputs, { axis })
  },
  cumsum(r) {
    const dims = r.dims(1)
    const attributes = { axis: r.whole(0, dims.length - 1), reverse: r.chance(0.5) }
    return use('cumsum', [summable(r.given(dims, r.one(NUMBERS)))], attributes)
  },
  sort(r) {
    const dims = r.dims(1)
    const attributes = { axis: r.whole(0, dims.length - 1), descending: r.chance(0.5) }
    const x = r.given(dims, r.one(ANY), { low: -2, high: 2 })
    const values = isFloat(x.dtype) && r.chance(0.5) ? x.values.map(Math.round) : x.values
    return use('sort', [{ ...x, values }], attributes)
  },
  scan(r) {
    const [along, state] = [dim('along', r.whole(1, 5)), r.dims(0, 2, 's')]
    const dtype = r.float()
    const inputs = [r.given(state, dtype), r.given(state, dtype), r.given([along, ...state], dtype)]
    const options = { reverse: r.chance(0.5), keep: r.one(['all', 'products', 'nothing'] as const) }
    const [passes, turned] = [r.chance(0.3), r.chance(0.5)]
    // What is scanned may be a view of something else.
    const other = [...state, along].map(({ size }, i) => dim(`other${i}`, size))
    return {
      inputs,
      run: ([constant, first, given]) => {
        const xs = turned ? reshape(reshape(given, other), given.dims) : given
        const [last, ys] = scan(
          along,
          first,
          xs,
          (carry, x) => {
            const next = passes ? x : carry.mul(constant).add(x.tanh())
            return [next, { next, carry, constant, x: x.mul(carry) }] as const
          },
          options,
        )
        return [last, ...Object.values(ys)]
      },
    }
  },
  call(r) {
    const dims = r.dims(1, 3)
    const keep = r.one(['all', 'products', 'nothing'] as const)
    const f = remat((x: Tensor, y: Tensor) => [x.mul(y).tanh(), x, y.sum(dims[0] as Dim<any>)] as const, keep)
    const dtype = r.float()
    return { inputs: [r.given(dims, dtype), r.given(dims, dtype)], run: ([x, y]) => f(x, y) }
  },
  barrier(r) {
    const inputs = Array.from({ length: r.whole(1, 3) }, () => r.given(r.dims(), r.one(ANY)))
    return use('barrier', inputs, {})
  },
  relayout: (r) =>
    use('relayout', [r.given(r.dims(), r.one(ANY))], { role: r.one(['parameters', 'computation'] as const) }),
}

/** Ids of which some are outside. */
function idsFor(r: Random, dims: readonly Dim[], size: number): Given {
  const { values, ...rest } = r.given(dims, 'i32')
  return { ...rest, values: values.map(() => r.whole(-1, size)) }
}

export const NAMES = Object.keys(CASES) as PrimitiveName[]

/** The gradient of a random weighted sum of a case's results, for each of its float inputs. */
export function gradientOf({ inputs, run, attributes, halves = 1 }: Case, random: Random): Case {
  const weights = new Random(random.whole(0, 1e9))
  const next = Array.from({ length: 997 }, () => weights.number('f32', { low: -1, high: 1 }))
  return {
    inputs,
    attributes,
    halves: 4 * halves, // several operations, each of which rounds
    run: (xs) => {
      const outputs = run(xs)
      const grads = outputs.map(({ dims, dtype }) => {
        // Whole ones for halves, whose sums XLA rounds at every step.
        const weight = (x: number) => (dtype === 'f32' ? x : Math.round(x))
        const values = Array.from({ length: sizeOf(dims) }, (_, i) => weight(next[i % next.length]))
        return isFloat(dtype) ? literal(dims, values, dtype) : null
      })
      const floats = xs.filter(({ dtype }) => isFloat(dtype))
      return gradients(outputs, grads, floats).filter((grad) => grad !== null)
    },
  }
}

export function describe({ inputs, attributes }: Case): string {
  return `${inputs.map(({ dtype, dims }) => `${dtype} ${showDims(dims)}`).join(', ')} ${JSON.stringify(attributes) ?? ''}`
}
