import {
  cast,
  einsum,
  remat,
  constant,
  dim,
  fill,
  hideFrames,
  random,
  range,
  relayout,
  scan,
  sizeOf,
  type Dim,
  type DType,
  type Keep,
  type Tensor,
  type Value,
} from '../tensor/index.js'
import { normal, zeros, type Initializer } from '../attention/index.js'
import { LORA_A, LORA_B, sidesOf, type Adapters } from './adapters.js'
import { dropout } from './dropout.js'
import { hashOf } from './hash.js'
import { SAVED_BY_SCANS } from './remat.js'

hideFrames(import.meta.url)

export { constantly, normal, ones, truncatedNormal, zeros, type Initializer } from '../attention/index.js'

/** A parameter as a run holds it. */
export interface ParameterSpec {
  /** GPT-Neo's variable name; that of the first layer if several layers are stacked. */
  readonly name: string
  /** Names of the stacked layers, in order; just `name` if none are. */
  readonly names: readonly string[]
  /** Dims on the engine: those of one layer, after `layers` if stacked. */
  readonly dims: readonly Dim[]
  /** The same without the padding that lets a mesh split a vocabulary. */
  readonly logical: readonly Dim[]
  /** Shape of one layer in a checkpoint, where heads and features are one dim. */
  readonly shape: readonly number[]
  /** Names of the checkpoint's dims. */
  readonly shapeNames: readonly string[]
  readonly initializer: Initializer
  /** Dims over which the model's products with it sum, where it is used in such products alone. */
  readonly summed?: readonly Dim[]
}

/** Parameters by name: tensors inside a program, arrays on an engine. */
export type Parameters<T = Tensor> = { readonly [name: string]: T }

interface Session {
  readonly compute: DType
  /** Size of the vocabulary without padding, while a model is described. */
  readonly vocabSize?: number
  /** How layers are run. */
  readonly layers: LayerMode
  /** Tensors to hand out, or null while a model is described. */
  readonly values: Parameters | null
  /** Filled while a model is described, read while it is applied. */
  readonly specs: Map<string, ParameterSpec>
  /** Set while a model is trained: what its dropouts draw from. */
  readonly training: Training | null
  readonly adapters: Adapters | null
}

/** What a training step has that an evaluation has not. */
export interface Training {
  /** Of the step: its random numbers are functions of this key, the layer and the name of what draws them. */
  readonly key: random.Key
}

/** Where a scope is: in the whole model, and in its layer. */
interface Location {
  readonly path: string
  /** Path below the layer, which is the same in all of them. */
  readonly local: string
  /** Number of the layer from 1, an u32 scalar inside of a scan; 0 outside of the layers. */
  readonly layer: number | Tensor<never>
  readonly stack: Stack | null
  /** Index of the layer from 0, an u32 scalar inside of a scan. */
  readonly depth: number | Tensor<never>
}
const TOP: Location = { path: 'gpt2', local: '', layer: 0, stack: null, depth: 0 }

/** One program part for all repeats of a period of layers (`scan`), or one for each layer. */
export type LayerMode = 'scan' | 'unroll'

/**
 * Hands out parameters by path. The same model function describes its parameters (names, dims, initialisers) and is
 * applied to them.
 */
export class Scope {
  private constructor(
    private readonly session: Session,
    private readonly location: Location,
  ) {}

  /** A scope that hands out the values given, cast to `compute` where they are used. */
  static over(
    specs: readonly ParameterSpec[],
    values: Parameters,
    compute: DType,
    layers: LayerMode,
    training: Training | null,
    adapters: Adapters | null = null,
  ): Scope {
    const byName = new Map(specs.map((spec) => [spec.name, spec]))
    return new Scope({ compute, layers, values, specs: byName, training, adapters }, TOP)
  }

  /** What parameters a model function asks for. Call it inside a trace; what is recorded is of no use. */
  static describe(
    compute: DType,
    layers: LayerMode,
    model: (at: Scope) => unknown,
    vocabSize?: number,
    adapters: Adapters | null = null,
  ): ParameterSpec[] {
    const session: Session = { compute, layers, vocabSize, values: null, specs: new Map(), training: null, adapters }
    model(new Scope(session, TOP))
    return [...session.specs.values()]
  }

  /** The scope below. */
  in(name: string): Scope {
    const { path, local } = this.location
    return new Scope(this.session, { ...this.location, path: `${path}/${name}`, local: `${local}/${name}` })
  }

  /** The scope of a layer, outside of `layers`, for passes that look at the layers one after another. */
  ofLayer(index: number, shared: boolean): Scope {
    const { location } = this.in(shared ? '' : `h${index}`)
    return new Scope(this.session, { ...location, depth: index })
  }

  /** Index of the layer, from 0. */
  get layer(): number | Tensor<never> {
    return this.location.depth
  }

  /** Whether the model is being trained, not evaluated. */
  get isTraining(): boolean {
    return this.session.training !== null
  }

  /**
   * The key for random numbers of this name: a function of the step's key, the layer and the name, so equal on every
   * engine and however layers are run. In evaluation null, or a fixed one with `always`.
   */
  random(name: string): random.Key | null
  random(name: string, options: { always: true }): random.Key
  random(name: string, options: { always: boolean }): random.Key | null
  random(name: string, { always = false } = {}): random.Key | null {
    const { training } = this.session
    if (!training && !always) return null
    const { local, layer } = this.location
    const named = random.foldIn(training?.key ?? random.key(0), hashOf(`${local}/${name}`))
    return random.foldIn(named, layer)
  }

  /**
   * The parameter of this name, in the compute dtype. `join` lists neighbouring dims that are one dim in
   * checkpoints, under the first one's name.
   */
  param<N extends string>(
    name: string,
    dims: readonly Dim<N>[],
    initializer: Initializer,
    join: readonly Dim[] = [],
  ): Tensor<N> {
    const value = this.narrowed(name, dims, initializer, join)
    const adapter = this.adapter(name, dims, join)
    return adapter ? value.add(adapter.product(dims)) : value
  }

  /** As `param`, but in f32. */
  paramF32<N extends string>(name: string, dims: readonly Dim<N>[], initializer: Initializer): Tensor<N> {
    const value = relayout(cast(this.stored(name, dims, initializer, []), 'f32'), 'computation')
    const adapter = this.adapter(name, dims, [])
    return adapter ? value.add(adapter.product(dims).cast('f32')) : value
  }

  /**
   * x times the parameter of this name, in the dims `to`; over the others it is summed. If the parameter has an adapter,
   * x goes through its two thin matrices, so that training needs no gradient as large as the parameter.
   */
  linear<N extends string>(
    x: Tensor,
    name: string,
    dims: readonly Dim[],
    initializer: Initializer,
    to: readonly Dim<N>[],
    join: readonly Dim[] = [],
  ): Tensor<N> {
    const summed = dims.filter((each) => !to.some((kept) => kept.name === each.name))
    const product = einsum([x, this.narrowed(name, dims, initializer, join, summed)], to)
    const adapter = this.adapter(name, dims, join)
    return adapter ? product.add(adapter.applied(x, to)) : product
  }

  /** A parameter as it is stored, in the compute dtype: narrowed before it is gathered from a mesh. */
  private narrowed<N extends string>(
    name: string,
    dims: readonly Dim<N>[],
    initializer: Initializer,
    join: readonly Dim[],
    summed?: readonly Dim[],
  ): Tensor<N> {
    return relayout(cast(this.stored(name, dims, initializer, join, summed), this.session.compute), 'computation')
  }

  /** The adapter of a parameter; null if it has none. */
  private adapter(name: string, dims: readonly Dim[], join: readonly Dim[]) {
    const { adapters } = this.session
    const sides = adapters?.targets(`${this.location.path}/${name}`) ? sidesOf(dims, join) : null
    if (!adapters || !sides) return null
    const { rank, scale } = adapters
    const { outer, from, to } = sides
    const within = this.in(name)
    const joinOf = (side: readonly Dim[]) => (side.length > 1 ? side : [])
    // The variance of PyTorch's initial linear layers, which PEFT's adapters have too.
    const a = within.narrowed(LORA_A, [...outer, ...from, rank], normal((3 * sizeOf(from)) ** -0.5), joinOf(from))
    const b = within.narrowed(LORA_B, [...outer, rank, ...to], zeros, joinOf(to))
    return {
      /** scale A B. */
      product: <N extends string>(result: readonly Dim<N>[]) => einsum([a.mul(scale), b], result),
      /** scale (x A) B. */
      applied<N extends string>(x: Tensor, result: readonly Dim<N>[]) {
        const kept = x.dims.filter((each) => !from.some((summed) => summed.name === each.name))
        const low = einsum([dropout(within, 'lora_dropout', x, adapters.dropout), a], [...kept, rank])
        return einsum([low.mul(scale), b], result)
      },
    }
  }

  private stored<N extends string>(
    name: string,
    dims: readonly Dim<N>[],
    initializer: Initializer,
    join: readonly Dim[],
    summed?: readonly Dim[],
  ): Tensor<N> {
    const path = `${this.location.path}/${name}`
    const { values } = this.session
    const value = this.location.stack?.values?.[path] ?? values?.[path]
    if (values && !value)
      throw new Error(`no parameter "${path}" was given; there are ${Object.keys(values).slice(0, 5).join(', ')}, ...`)
    if (!values) this.describe(path, dims, initializer, join, summed)
    return value ?? fill(dims, 0, 'f32')
  }

  private describe(
    path: string,
    dims: readonly Dim[],
    initializer: Initializer,
    join: readonly Dim[],
    summed?: readonly Dim[],
  ): void {
    const { vocabSize } = this.session
    const logical = dims.map((each) => (each.name === 'vocab' && vocabSize ? { ...each, size: vocabSize } : each))
    const joined = joinDims(logical, join)
    const { stack } = this.location
    this.session.specs.set(path, {
      name: path,
      names: stack ? stack.names(path) : [path],
      dims: stack ? [stack.along, ...dims] : dims,
      logical: stack ? [stack.along, ...logical] : logical,
      shape: joined.map(({ size }) => size),
      shapeNames: joined.map(({ name }) => name),
      initializer,
      ...(summed && { summed }),
    })
  }

  /**
   * Runs a layer for each of `kinds`: `block(scope of hN, x, kind)`, x being a tensor or a tree of them. The kinds'
   * shortest period is found; in `scan` mode its repeats run as one scan over stacked parameters, so that a program
   * does not grow with depth. `keep` says what of a layer the gradient keeps: by default all of it, or the products in
   * a scan. `shared` layers have one set of parameters, whose layer is nameless in GPT-Neo's paths.
   */
  layers<K, X>(
    kinds: readonly K[],
    x: X,
    { keep, shared = false }: { keep?: Keep; shared?: boolean },
    block: (at: Scope, x: X, kind: K) => X,
  ): X {
    const period = shortestPeriod(kinds.map((kind) => JSON.stringify(kind)))
    const repeats = kinds.length / period
    const at = (i: number, layer: number | Tensor<never>, stack: Stack | null) => {
      const depth = typeof layer === 'number' ? layer - 1 : layer.sub(1)
      return new Scope(this.session, {
        path: `${this.location.path}/${shared ? '' : `h${i}`}`,
        local: '',
        layer,
        stack,
        depth,
      })
    }
    if (this.session.layers === 'unroll' || repeats === 1)
      return kinds.reduce<X>((h, kind, i) => {
        const layer = (y: X) => block(at(i, i + 1, null), y, kind)
        return keep === undefined || keep === 'all' ? layer(h) : remat(layer, keep)(h)
      }, x)

    const along = dim('layers', repeats)
    const names = (path: string) =>
      Array.from({ length: repeats }, (_, r) =>
        path.replace(/^gpt2\/h(\d+)/, (_, layer: string) => `gpt2/h${Number(layer) + r * period}`),
      )
    const once = (h: X, slices: Parameters, repeat: Value) =>
      kinds
        .slice(0, period)
        .reduce<X>(
          (g, kind, i) =>
            block(
              at(i, (repeat as Tensor<never>).mul(period).add(i + 1), shared ? null : { along, names, values: slices }),
              g,
              kind,
            ),
          h,
        )
    const { values, specs } = this.session
    if (!values) return once(x, {}, constant(0, 'u32'))
    const stacks = Object.fromEntries(
      [...specs.values()].filter((spec) => spec.names.length > 1).map(({ name }) => [name, values[name]]),
    )
    const [last] = scan(
      along,
      x,
      { stacks, repeat: range(along, 'u32') },
      (h: X, slice) => [once(h, slice.stacks, slice.repeat), []] as const,
      { keep: keep ?? SAVED_BY_SCANS },
    )
    return last
  }
}

/** Layers that share one program part. */
interface Stack {
  readonly along: Dim
  /** Name of the parameter in each of the layers, from its name in the first. */
  names(path: string): readonly string[]
  /** The parameters of the layer at hand. */
  readonly values: Parameters
}

function joinDims(dims: readonly Dim[], join: readonly Dim[]): Dim[] {
  if (join.length === 0) return [...dims]
  const at = dims.findIndex(({ name }) => name === join[0].name)
  return [...dims.slice(0, at), { name: join[0].name, size: sizeOf(join) }, ...dims.slice(at + join.length)]
}

/** Length of the shortest pattern that the list repeats whole. */
export function shortestPeriod(kinds: readonly string[]): number {
  for (let period = 1; period < kinds.length; period++)
    if (kinds.length % period === 0 && kinds.every((kind, i) => kind === kinds[i % period])) return period
  return kinds.length
}
