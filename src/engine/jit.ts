import { checkPlacement, LayoutError } from '../mesh/index.js'
import { sameDims } from '../tensor/dim.js'
import type { Role } from '../tensor/index.js'
import type { InputSpec, Program } from '../tensor/program.js'
import { printProgram } from '../tensor/print.js'
import { isSpec, spec, trace, type Traced } from '../tensor/transforms.js'
import { Tensor, type Value } from '../tensor/tensor.js'
import { leavesOf, mapLeaves, pathsOf, sameTree, withLeaves, type Mapped } from '../tensor/tree.js'
import { debug } from './debug.js'
import { DeviceArray, isDeviceArray } from './device-array.js'
import type { Engine, Executable } from './engine.js'

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor

export interface JitOptions {
  /** Arguments, by position, that the call takes over: results of the same dims and dtype reuse their memory, or it is freed. */
  readonly donate?: readonly number[]
  /** Arguments, by position, that are parameters: on a mesh they follow `parameter_layout`. */
  readonly parameterArgs?: readonly number[]
  /** Throws LayoutError for a layout that a tensor of the program cannot follow; otherwise such a tensor is replicated. */
  readonly strict?: boolean
  readonly name?: string
  /**
   * Ends a call early, where the engine can abandon a run (engines host and tfjs): the call rejects with the signal's reason,
   * and its arguments, also donated ones, are as before.
   */
  readonly signal?: AbortSignal
}

export interface Compiled<R> {
  readonly traced: Traced<R>
  readonly executable: Executable
  /** Donated inputs whose memory no output takes over. */
  readonly unaliasedDonations: readonly number[]
  /** Seconds that tracing took. */
  readonly traceSeconds: number
  /** Rules of the mesh's layout that have no effect; of a strict program. */
  readonly warnings: readonly string[]
}

/** A traced function that runs on an engine. */
export interface Jitted<A extends readonly unknown[], R> {
  /** Compiles on the first call for each set of dims, then starts a run; its results may still be computed. */
  (...args: { [K in keyof A]: Mapped<A[K], Value, DeviceArray> }): Promise<Mapped<R, Value, DeviceArray>>
  /** Compiles without running: arguments are trees of `spec(...)` or arrays. */
  prepare(...args: readonly unknown[]): Promise<Compiled<R>>
  /** Frees what was compiled. */
  dispose(): void
}

/**
 * Traces `f` and compiles it for an engine, once for each set of argument dims and dtypes; then runs it on arrays.
 * Arguments and results are trees.
 */
export function jit<A extends readonly unknown[], R>(
  engine: Engine,
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const name = options.name ?? (f.name || 'program')
  const known: { readonly specs: readonly unknown[]; readonly compiled: Promise<Compiled<R>> }[] = []

  const prepare = (...args: readonly unknown[]): Promise<Compiled<R>> => {
    const found = known.find(({ specs }) => sameTree(args, specs, isDescribed, sameShape))
    if (found) return found.compiled
    const specs = mapLeaves(args, isDescribed, ({ dims, dtype }) => spec(dims, dtype)) as readonly unknown[]
    const entry = { specs, compiled: compile(engine, f as (...args: any[]) => R, specs, { ...options, name }) }
    known.push(entry)
    entry.compiled.catch(() => known.splice(known.indexOf(entry), 1))
    return entry.compiled
  }

  const run = async (...args: readonly unknown[]) => {
    const { traced, executable, unaliasedDonations } = await prepare(...args)
    const inputs = leavesOf(args, isDeviceArray)
    const storages = inputs.map((x) => x.use(name))
    const donated = leavesOf(
      args.filter((_, i) => options.donate?.includes(i)),
      isDeviceArray,
    )
    const { outputs } = executable.run(storages, options.signal) // reads of the outputs report its errors
    donated.forEach((x) => x.markDonated(name))
    for (const i of unaliasedDonations) storages[i].dispose()
    const { program, result } = traced
    const arrays = outputs.map((storage, i) => {
      const { dims, dtype } = program.outputs[i]
      return new DeviceArray(engine, dims, dtype, storage)
    })
    return withLeaves(result, isTensor, arrays)
  }

  return Object.assign(run, {
    prepare,
    dispose: () => {
      for (const { compiled } of known)
        void compiled.then(
          ({ executable }) => executable.dispose(),
          () => {},
        )
      known.length = 0
    },
  }) as unknown as Jitted<A, R>
}

/** Programs' dims are passed on from run to run, so most are identical objects. */
function sameShape(a: InputSpec, b: InputSpec): boolean {
  return a.dtype === b.dtype && (a.dims === b.dims || sameDims(a.dims, b.dims))
}

const isDescribed = (x: unknown): x is DeviceArray => isDeviceArray(x) || isSpec(x)

async function compile<R>(
  engine: Engine,
  f: (...args: any[]) => R,
  specs: readonly unknown[],
  { name, donate = [], parameterArgs = [], strict = false }: JitOptions & { name: string },
): Promise<Compiled<R>> {
  const start = performance.now()
  const traced = trace(f, specs, name)
  const traceSeconds = (performance.now() - start) / 1000
  debug('program', () => printProgram(traced.program))
  const roles = rolesOfArguments(specs, parameterArgs)
  const { placement } = engine
  const found = strict && placement ? checkPlacement(traced.program, placement, { roles, names: namesOf(specs) }) : null
  if (found && found.problems.length > 0) throw new LayoutError(found.problems.join('\n'))
  const aliases = aliasesOf(traced.program, specs, donate)
  const executable = await engine.compile(traced.program, { aliases, roles })
  const unaliasedDonations = donatedOf(specs, donate).flatMap((given, i) => (given && aliases[i] === null ? [i] : []))
  const count = traced.program.operations.length
  debug(
    'compile',
    () =>
      `${name}: ${count} operations, traced in ${traceSeconds.toFixed(2)} s, ` +
      `${executable.fromCache ? 'loaded from the cache' : 'compiled'} in ${executable.seconds.toFixed(2)} s`,
  )
  debug('memory', () => `${name}: ${JSON.stringify(executable.memory())} bytes`)
  return { traced, executable, unaliasedDonations, traceSeconds, warnings: found?.warnings ?? [] }
}

/** Which of a program's inputs, the leaves of its arguments, are donated. */
function donatedOf(specs: readonly unknown[], donate: readonly number[]): boolean[] {
  return specs.flatMap((arg, i) => leavesOf(arg, isSpec).map(() => donate.includes(i)))
}

/** Each donated input gets the first output of its dims and dtype that is free. */
export function aliasesOf(program: Program, specs: readonly unknown[], donate: readonly number[]): (number | null)[] {
  const { outputs } = program
  const taken = new Set<number>()
  const flags = donatedOf(specs, donate)
  return program.inputs.map((x, i) => {
    if (!flags[i]) return null
    const at = outputs.findIndex((y, j) => !taken.has(j) && y.dtype === x.dtype && sameDims(x.dims, y.dims))
    if (at < 0) return null
    taken.add(at)
    return at
  })
}

/** Names of a program's inputs, for people: the last part of their path, which for a parameter is its own name. */
export function namesOf(specs: readonly unknown[]): string[] {
  return pathsOf(specs, isSpec).map((path) => path.replace(/^\[\d+\]\.?/, '').replace(/^\w+\./, '') || 'an argument')
}

/** Roles of a program's inputs, the leaves of its arguments. */
export function rolesOfArguments(specs: readonly unknown[], parameterArgs: readonly number[]): Role[] {
  return specs.flatMap((arg, i) =>
    leavesOf(arg, isSpec).map(() => (parameterArgs.includes(i) ? 'parameters' : 'computation')),
  )
}
