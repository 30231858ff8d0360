import { cast, dim, fill, scan, sizeOf, type Dim, type DType, type Keep, type Tensor } from '../tensor/index.js'

/** How a parameter starts. Standard deviations are those of the normal distribution that is drawn from. */
export type Initializer =
  | { readonly kind: 'normal'; readonly stddev: number }
  | { readonly kind: 'constant'; readonly value: number }

export const normal = (stddev: number): Initializer => ({ kind: 'normal', stddev })
export const zeros: Initializer = { kind: 'constant', value: 0 }
export const ones: Initializer = { kind: 'constant', value: 1 }

/** A parameter as a run holds it. */
export interface ParameterSpec {
  /** GPT-Neo's variable name; that of the first layer if several layers are stacked. */
  readonly name: string
  /** Names of the stacked layers, in order; just `name` if none are. */
  readonly names: readonly string[]
  /** Dims on the engine: those of one layer, after `layers` if stacked. */
  readonly dims: readonly Dim[]
  /** Shape of one layer in a checkpoint, where heads and features are one dim. */
  readonly shape: readonly number[]
  /** Names of the checkpoint's dims. */
  readonly shapeNames: readonly string[]
  readonly initializer: Initializer
}

/** Parameters by name: tensors inside a program, arrays on an engine. */
export type Parameters<T = Tensor> = { readonly [name: string]: T }

interface Session {
  readonly compute: DType
  /** How layers are run. */
  readonly layers: LayerMode
  /** Tensors to hand out, or null while a model is described. */
  readonly values: Parameters | null
  /** Filled while a model is described, read while it is applied. */
  readonly specs: Map<string, ParameterSpec>
}

/** One program part for all repeats of a period of layers (`scan`), or one for each layer. */
export type LayerMode = 'scan' | 'unroll'

/**
 * Hands out parameters by path. The same model function describes its parameters (names, dims, initialisers) and is applied
 * to them.
 */
export class Scope {
  private constructor(private readonly session: Session, private readonly path: string, private readonly stack: Stack | null) {}

  /** A scope that hands out the values given, cast to `compute` where they are used. */
  static over(specs: readonly ParameterSpec[], values: Parameters, compute: DType, layers: LayerMode): Scope {
    return new Scope({ compute, layers, values, specs: new Map(specs.map((spec) => [spec.name, spec])) }, 'gpt2', null)
  }

  /** What parameters a model function asks for. Call it inside a trace; what is recorded is of no use. */
  static describe(compute: DType, layers: LayerMode, model: (at: Scope) => unknown): ParameterSpec[] {
    const session: Session = { compute, layers, values: null, specs: new Map() }
    model(new Scope(session, 'gpt2', null))
    return [...session.specs.values()]
  }

  /** The scope below. */
  in(name: string): Scope {
    return new Scope(this.session, `${this.path}/${name}`, this.stack)
  }

  /**
   * The parameter of this name, in the compute dtype. `join` lists neighbouring dims that are one dim in checkpoints, under
   * the first one's name.
   */
  param<N extends string>(name: string, dims: readonly Dim<N>[], initializer: Initializer, join: readonly Dim[] = []): Tensor<N> {
    return cast(this.master(name, dims, initializer, join), this.session.compute)
  }

  /** As `param`, but in f32 as it is kept. */
  master<N extends string>(name: string, dims: readonly Dim<N>[], initializer: Initializer, join: readonly Dim[] = []): Tensor<N> {
    const path = `${this.path}/${name}`
    const { values } = this.session
    const value = this.stack?.values?.[path] ?? values?.[path]
    if (values && !value) throw new Error(`no parameter "${path}" was given; there are ${Object.keys(values).slice(0, 5).join(', ')}, ...`)
    if (!values) this.describe(path, dims, initializer, join)
    return (value ?? fill(dims, 0, 'f32')) as Tensor<N>
  }

  private describe(path: string, dims: readonly Dim[], initializer: Initializer, join: readonly Dim[]): void {
    const joined = joinDims(dims, join)
    this.session.specs.set(path, {
      name: path,
      names: this.stack ? this.stack.names(path) : [path],
      dims: this.stack ? [this.stack.along, ...dims] : dims,
      shape: joined.map(({ size }) => size),
      shapeNames: joined.map(({ name }) => name),
      initializer,
    })
  }

  /**
   * Runs `kinds.length` layers, each `block(scope of hN, x, kind)`. The kinds' shortest period is found; in `scan` mode its
   * repeats run as one scan over stacked parameters, so that a program does not grow with depth.
   */
  layers<K extends string, X extends Tensor>(kinds: readonly K[], x: X, keep: Keep, block: (at: Scope, x: X, kind: K, layer: number) => X): X {
    const period = shortestPeriod(kinds)
    const repeats = kinds.length / period
    if (this.session.layers === 'unroll' || repeats === 1) {
      return kinds.reduce<X>((h, kind, i) => block(this.in(`h${i}`), h, kind, i), x)
    }
    const along = dim('layers', repeats)
    const names = (path: string) => Array.from({ length: repeats }, (_, r) =>
      path.replace(/^gpt2\/h(\d+)/, (_, layer: string) => `gpt2/h${Number(layer) + r * period}`))
    const once = (h: X, slices: Parameters | null) => kinds.slice(0, period).reduce<X>(
      (g, kind, i) => block(new Scope(this.session, `${this.path}/h${i}`, { along, names, values: slices }), g, kind, i), h)
    const { values, specs } = this.session
    if (!values) return once(x, null)
    const stacks = Object.fromEntries([...specs.values()].filter((spec) => spec.names.length > 1).map(({ name }) => [name, values[name]]))
    const [last] = scan(along, x, stacks, (h: X, slices: Parameters) => [once(h, slices), []] as const, { keep })
    return last
  }
}

/** Layers that share one program part. */
interface Stack {
  readonly along: Dim
  /** Name of the parameter in each of the layers, from its name in the first. */
  names(path: string): readonly string[]
  /** The parameters of the layer at hand. */
  readonly values: Parameters | null
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
