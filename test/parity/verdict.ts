/** What is said of a case: its worst errors beside their tolerances. */

/** One kind of number: the worst error, where, and the largest that passes. */
export interface Measure {
  readonly what: string
  readonly error: number
  readonly tolerance: number
  readonly where: string
}

export interface Verdict {
  readonly name: string
  readonly measures: readonly Measure[]
  readonly remark?: string
}

export const passes = ({ error, tolerance }: Measure) => error <= tolerance
/** Whether all was near enough, and anything was compared at all. */
export const passed = ({ measures }: Verdict) => measures.length > 0 && measures.every(passes)

/** Keeps the worst error of each kind. */
export class Worst {
  private readonly byKind = new Map<string, Measure>()

  note(what: string, where: string, error: number, tolerance: number): void {
    const before = this.byKind.get(what)
    const share = (measure: { error: number; tolerance: number }) =>
      measure.error === 0 ? 0 : measure.error / measure.tolerance
    if (!before || share({ error, tolerance }) > share(before) || Number.isNaN(error))
      this.byKind.set(what, { what, where, error, tolerance })
  }

  /** Something that must be exactly so: an error of 1 if it is not. */
  exact(what: string, where: string, same: boolean): void {
    this.note(what, where, same ? 0 : 1, 0)
  }

  get measures(): Measure[] {
    return [...this.byKind.values()]
  }
}

/** `global  pass  logits 1.2e-6 of 0.0001, ...`. Variables are in units of the learning rate. */
export function describe(verdict: Verdict): string {
  const { name, measures, remark } = verdict
  const parts = measures.map((measure) => {
    const { what, error, tolerance, where } = measure
    return `${what} ${error.toExponential(1)} of ${tolerance}${passes(measure) ? '' : ` at ${where}`}`
  })
  const compared = parts.length > 0 ? parts.join(', ') : 'nothing was compared'
  return `${name.padEnd(26)} ${passed(verdict) ? 'pass' : 'FAIL'}  ${compared}${remark ? `  [${remark}]` : ''}`
}

type Numbers = ArrayLike<number>

/** Largest difference. NaN where NaN was recorded is no difference. */
export function farthest(found: Numbers | undefined, wanted: Numbers): number {
  if (found?.length !== wanted.length) return Infinity
  let worst = 0
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isNaN(wanted[i]) && Number.isNaN(found[i])) continue
    const off = Math.abs(wanted[i] - found[i])
    worst = Number.isNaN(off) ? Infinity : Math.max(worst, off)
  }
  return worst
}

/** Largest difference relative to the largest wanted number. */
export function relative(found: Numbers | undefined, wanted: Numbers): number {
  const most = Array.from(wanted).reduce((largest, x) => Math.max(largest, Math.abs(x) || 0), 0)
  return farthest(found, wanted) / (most || 1)
}

/** Norm of the difference relative to the norm of the wanted numbers, or to `least` if that is larger. */
export function relativeNorm(found: Float32Array | undefined, wanted: Float32Array, least: number): number {
  if (found?.length !== wanted.length) return Infinity
  let off = 0,
    norm = 0
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isNaN(wanted[i]) && Number.isNaN(found[i])) continue
    off += (found[i] - wanted[i]) ** 2
    norm += wanted[i] ** 2
  }
  return off === 0 ? 0 : Number.isNaN(off) ? Infinity : Math.sqrt(off) / Math.max(Math.sqrt(norm), least, 1e-30)
}

/** Of one number; null is a recorded NaN. */
export function relativeScalar(found: number, wanted: number | null): number {
  if (wanted === null) return Number.isFinite(found) ? Infinity : 0
  if (found === wanted) return 0
  return Number.isFinite(found) ? Math.abs(found - wanted) / (Math.abs(wanted) || 1e-30) : Infinity
}
