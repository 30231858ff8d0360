import { mean } from '../statistics.js'
import type { ScalingLaw, ScalingPoint } from './law.js'

/** Points do not determine a scaling law, or contradict it. */
export class FitError extends Error {
  override readonly name = 'FitError'
}

/** Beyond this difference of logarithms an error counts linearly. Source: Hoffmann et al. 2022, appendix D.2. */
const HUBER = 1e-3
const LEAST_VALUES = 3
const LEAST_PAIRS = 6
const LARGEST_CORRELATION = 0.95

/**
 * Throws FitError for points that cannot determine a law: with fewer than three sizes or lengths, fewer than six pairs of
 * them, or sizes that grow with lengths alone.
 */
export function checkDesign(points: readonly Pick<ScalingPoint, 'parameters' | 'tokens'>[]): void {
  const count = (values: readonly (number | string)[]) => new Set(values).size
  const sizes = count(points.map(({ parameters }) => parameters))
  const lengths = count(points.map(({ tokens }) => tokens))
  const pairs = count(points.map(({ parameters, tokens }) => `${parameters} ${tokens}`))
  const least = (what: string, got: number, wanted: number, advice: string) => {
    if (got < wanted) throw new FitError(`a scaling law must have at least ${wanted} ${what} (got ${got}). ${advice}`)
  }
  least('different numbers of parameters', sizes, LEAST_VALUES, 'Add variants of other sizes, or let them finish')
  least('different numbers of tokens', lengths, LEAST_VALUES, 'Add values to tokens, or let their trainings finish')
  least('pairs of size and tokens', pairs, LEAST_PAIRS, 'Train each size with several numbers of tokens')
  const x = centred(points.map(({ parameters }) => Math.log(parameters)))
  const y = centred(points.map(({ tokens }) => Math.log(tokens)))
  const correlation = dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
  if (Math.abs(correlation) > LARGEST_CORRELATION)
    throw new FitError(
      `sizes and tokens must vary apart from each other (got a correlation of ${correlation.toFixed(2)} between their ` +
        'logarithms). Train small models on many tokens and large ones on few, too',
    )
}

/**
 * Fits a law by the Huber loss of the differences of log loss, from several starts or from the laws given. Throws FitError
 * where the points do not determine it, or where loss does not fall with parameters or with tokens.
 */
export function fitLaw(points: readonly ScalingPoint[], from?: readonly ScalingLaw[]): ScalingLaw {
  checkDesign(points)
  const wrong = points.find(({ loss }) => !(loss > 0 && Number.isFinite(loss)))
  if (wrong) throw new FitError(`losses must be finite numbers > 0 (got ${wrong.loss})`)
  const problem = problemOf(points)
  const starts = from ? from.map((law) => thetaOf(law, problem)) : startsOf(problem)
  const ends = starts.map((start) => minimise(problem, start))
  const best = ends.reduce((least, each) => (each.cost < least.cost ? each : least))
  const law = lawOf(best.theta, problem)
  const flat = [
    ['parameters', law.a],
    ['tokens', law.b],
  ] as const
  for (const [what, exponent] of flat)
    if (!(exponent > 1e-3))
      throw new FitError(
        `loss must fall with ${what} for a scaling law (got an exponent of ${exponent.toPrecision(2)}). ` +
          'Use a wider range, more seeds, or a learning rate that suits every size',
      )
  if (conditionOf(problem, best.theta) < 1e-9)
    throw new FitError(
      'the runs must determine all five constants of the law (got runs that laws of different constants fit equally well). ' +
        'Use a wider range of sizes and tokens',
    )
  return law
}

/** Logarithms of N and D around their means, which keeps the constants of the fit near one, and log loss. */
interface Problem {
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly logLoss: readonly number[]
  readonly middle: { readonly x: number; readonly y: number }
}

/** log of A / N^a at the middle size, a, log of B / D^b at the middle length, b, log E. */
type Theta = readonly [number, number, number, number, number]

function problemOf(points: readonly ScalingPoint[]): Problem {
  const x = points.map(({ parameters }) => Math.log(parameters))
  const y = points.map(({ tokens }) => Math.log(tokens))
  return {
    x: centred(x),
    y: centred(y),
    logLoss: points.map(({ loss }) => Math.log(loss)),
    middle: { x: mean(x), y: mean(y) },
  }
}

function lawOf([u, a, v, b, e]: Theta, { middle }: Problem): ScalingLaw {
  return { E: Math.exp(e), A: Math.exp(u + a * middle.x), a, B: Math.exp(v + b * middle.y), b }
}

function thetaOf({ E, A, a, B, b }: ScalingLaw, { middle }: Problem): Theta {
  return [Math.log(A) - a * middle.x, a, Math.log(B) - b * middle.y, b, Math.log(E)]
}

function startsOf({ logLoss }: Problem): Theta[] {
  const middle = mean(logLoss)
  const least = Math.min(...logLoss)
  const parts = [0.1, 0.5].map((part) => middle + Math.log(part))
  const exponents = [0.2, 0.6, 1.2]
  const floors = [0.2, 0.6, 0.9].map((part) => least + Math.log(part))
  return parts.flatMap((u) =>
    exponents.flatMap((a) => parts.flatMap((v) => exponents.flatMap((b) => floors.map((e): Theta => [u, a, v, b, e])))),
  )
}

/** The law at a point: the difference of log loss, its minus the measured one, and the gradient of its log loss. */
function evaluate({ x, y, logLoss }: Problem, [u, a, v, b, e]: Theta, i: number, gradient: Float64Array): number {
  const [byN, byD] = [u - a * x[i], v - b * y[i]]
  const most = Math.max(byN, byD, e)
  const [n, d, floor] = [Math.exp(byN - most), Math.exp(byD - most), Math.exp(e - most)]
  const sum = n + d + floor
  gradient[0] = n / sum
  gradient[1] = -x[i] * gradient[0]
  gradient[2] = d / sum
  gradient[3] = -y[i] * gradient[2]
  gradient[4] = floor / sum
  return most + Math.log(sum) - logLoss[i]
}

function costOf(problem: Problem, theta: Theta, scratch: Float64Array): number {
  let cost = 0
  for (let i = 0; i < problem.x.length; i++) {
    const r = Math.abs(evaluate(problem, theta, i, scratch))
    cost += r <= HUBER ? (r * r) / 2 : HUBER * (r - HUBER / 2)
  }
  return cost
}

/** Levenberg and Marquardt's method, with the weights of the Huber loss made anew in each step. */
function minimise(problem: Problem, start: Theta): { theta: Theta; cost: number } {
  const scratch = new Float64Array(5)
  let theta = start
  let cost = costOf(problem, theta, scratch)
  let damping = 1e-2
  let equations = normalEquations(problem, theta, scratch)
  for (let step = 0; step < 200 && damping < 1e9; step++) {
    const move = solveDamped(equations, damping)
    // A term that has vanished may not run away.
    const next = theta.map((value, i) => Math.max(-30, Math.min(30, value - move[i]))) as unknown as Theta
    const there = costOf(problem, next, scratch)
    if (!(there < cost)) {
      damping *= 8
      continue
    }
    const gained = cost - there
    ;[theta, cost] = [next, there]
    if (gained < 1e-9 * cost) break
    equations = normalEquations(problem, theta, scratch)
    damping = Math.max(1e-9, damping / 3)
  }
  return { theta, cost }
}

/** J'WJ and J'Wr of the weighted least squares, five rows of six columns. */
function normalEquations(problem: Problem, theta: Theta, gradient: Float64Array): Float64Array {
  const rows = new Float64Array(30)
  for (let k = 0; k < problem.x.length; k++) {
    const r = evaluate(problem, theta, k, gradient)
    const weight = Math.abs(r) <= HUBER ? 1 : HUBER / Math.abs(r)
    for (let i = 0; i < 5; i++) {
      const scaled = weight * gradient[i]
      for (let j = 0; j < 5; j++) rows[6 * i + j] += scaled * gradient[j]
      rows[6 * i + 5] += scaled * r
    }
  }
  return rows
}

/** Solves the equations with a larger diagonal, which is positive: elimination needs no pivots. */
function solveDamped(equations: Float64Array, damping: number): Float64Array {
  const rows = equations.slice()
  for (let i = 0; i < 5; i++) rows[7 * i] = rows[7 * i] * (1 + damping) + 1e-12
  for (let i = 0; i < 5; i++)
    for (let k = i + 1; k < 5; k++) {
      const factor = rows[6 * k + i] / rows[7 * i]
      for (let j = i; j < 6; j++) rows[6 * k + j] -= factor * rows[6 * i + j]
    }
  const result = new Float64Array(5)
  for (let i = 4; i >= 0; i--) {
    let known = rows[6 * i + 5]
    for (let j = i + 1; j < 5; j++) known -= rows[6 * i + j] * result[j]
    result[i] = known / rows[7 * i]
  }
  return result
}

/**
 * How well points determine the constants: the smallest squared pivot of the gradients, each scaled to length 1 and taken
 * without what the others before it explain. 0: some constants can be traded for others.
 */
function conditionOf(problem: Problem, theta: Theta): number {
  const gradients = problem.x.map((_, k) => {
    const gradient = new Float64Array(5)
    evaluate(problem, theta, k, gradient)
    return gradient
  })
  const columns = Array.from({ length: 5 }, (_, i) => gradients.map((gradient) => gradient[i]))
  const done: number[][] = []
  let least = 1
  for (const column of columns) {
    const length = Math.sqrt(dot(column, column))
    if (length === 0) return 0
    let left = column.map((value) => value / length)
    for (const other of done) {
      const along = dot(left, other)
      left = left.map((value, k) => value - along * other[k])
    }
    const size = dot(left, left)
    least = Math.min(least, size)
    if (size === 0) return 0
    done.push(left.map((value) => value / Math.sqrt(size)))
  }
  return least
}

function centred(values: readonly number[]): number[] {
  const middle = mean(values)
  return values.map((value) => value - middle)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}
